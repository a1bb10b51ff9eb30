// refused: device
// sm_90a and newer

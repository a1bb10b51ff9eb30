// refused: vendor
bool isHipDevice();

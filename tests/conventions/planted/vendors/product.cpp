// refused: device
const char* kExample = "moat report h100.json mi300x.json";

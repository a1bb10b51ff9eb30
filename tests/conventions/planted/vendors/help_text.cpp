// refused: vendor
const char* kHelp = "only these backends: cpu, cuda, hip";

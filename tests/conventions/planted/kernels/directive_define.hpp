// refused: preprocessor
#pragma once
#define X 1

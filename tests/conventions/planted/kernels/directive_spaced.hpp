// refused: preprocessor
  # if 1
  # endif

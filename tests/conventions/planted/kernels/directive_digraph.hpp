// refused: preprocessor
%: define X 1

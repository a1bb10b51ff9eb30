// refused: preprocessor
#ifdef FOO
#endif

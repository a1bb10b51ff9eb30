// refused: specialisation
template <class T>
inline constexpr bool kKeeps<Few, T> = true;

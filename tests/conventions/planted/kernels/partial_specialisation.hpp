// refused: specialisation
template <class T>
struct Steps<Few, T> {
  int count;
};

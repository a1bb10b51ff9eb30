// refused: schedule passed on
struct Tile {
  int rows;
};
template <class S>
int picked(int x) {
  const Tile tile{S::m};
  return tile.rows > 32 ? x : 0;
}

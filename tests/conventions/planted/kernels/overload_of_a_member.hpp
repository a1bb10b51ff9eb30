// refused: overload
namespace moat {
struct Pick {
  MOAT_FN static int from(float) { return 1; }
  template <class F>
  MOAT_FN static int from(F) {
    return 2;
  }
};
}  // namespace moat

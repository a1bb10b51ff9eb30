// refused: vendor
namespace hip {
inline void launch() {}
}  // namespace hip

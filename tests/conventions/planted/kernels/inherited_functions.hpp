// refused: base
template <class F, class G>
struct Either : public F, G {
  using F::operator();
};

// refused: compiler
inline void wait() { asm volatile("nop"); }

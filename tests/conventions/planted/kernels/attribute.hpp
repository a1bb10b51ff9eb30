// refused: compiler
[[gnu::target("default")]] inline void wait() {}

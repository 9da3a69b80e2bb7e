//! Part 10 files and bare data sets, read under limits.

//! pcvalue tables: a number for each pc of a function.

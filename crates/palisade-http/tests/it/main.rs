//! Bounds as hostile peers meet them.

#[cfg(test)]
mod listener;

//! What to show: planes, windows, annotations.

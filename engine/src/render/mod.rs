//! Scene to image.

//! The pixel data of one object: where its frames are, and their stored values.

//! Encapsulated pixel data (PS3.5 A.4): fragments and offset tables to the bytes of each frame.

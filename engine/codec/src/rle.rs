//! RLE Lossless (PS3.5 Annex G): PackBits segments, one a byte plane.

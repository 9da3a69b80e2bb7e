//! JPEG-LS (ISO 14495-1), lossless and near-lossless.

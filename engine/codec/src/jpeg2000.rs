//! JPEG 2000 and High-Throughput JPEG 2000 (PS3.5 8.2.4, 8.2.14).

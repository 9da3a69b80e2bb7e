//! Deflated Image Frame Compression (PS3.5 A.4.x): each frame is one deflate stream.

//! Files, folders, zips and discs as bytes; the one place that opens files.

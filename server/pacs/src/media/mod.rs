//! Studies as files: what comes in from folders, zips and discs, and what leaves for them.
//!
//! Everything streams: no file is held in memory and none is written aside. What files mean is ingest's matter.

pub mod unpack;

//! Value to colour: windows and lookup tables.

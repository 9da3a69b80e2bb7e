//! Colour of decoded frames: YBR and palettes to RGB.

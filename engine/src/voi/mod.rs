//! Volumes of interest: masks on the grid of a volume, and what is measured inside them.

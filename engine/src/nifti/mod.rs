//! Volumes and masks from NIfTI bytes.

//! Synthetic studies with exactly known answers, written as DICOM through the engine.

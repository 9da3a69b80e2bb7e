//! Tests of the engine as its users see it: reference values, real series, whole paths.

mod suv_reference;

//! Activity concentration to standardized uptake value (SUV): decay, body measures, units.

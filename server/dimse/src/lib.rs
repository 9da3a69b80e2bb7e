//! DICOM network services (PS3.7, PS3.8), as user and as provider: bytes on a stream in, requests and answers out.
//!
//! There is no index and no storage here: a provider hands requests to a [`Handler`](#), a user gives data sets. Archives
//! and viewers use it alike.

//! Who we are in files that we write, and UIDs of our own.

/// Implementation Class UID (0002,0012): who wrote the meta information.
pub(crate) const IMPLEMENTATION_CLASS_UID: &str = "2.25.222108193571230496178260127634890721011";
/// Implementation Version Name (0002,0013).
pub(crate) const IMPLEMENTATION_VERSION_NAME: &str = "UPTAKE";

/// Makes a UID from random bits (PS3.5 B.2).
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn new_uid() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    // Version 4 of RFC 9562 and its variant.
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    Ok(format!("2.25.{}", u128::from_be_bytes(bytes)))
}

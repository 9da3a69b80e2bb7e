//! UIDs that follow from what they name.

/// Gives the UID that belongs to a list of names: the same names give the same UID.
///
/// It lies under 2.25 (PS3.5 B.2): a UUID of version 8, its bits taken from a 128-bit hash of the names.
///
/// ```
/// use engine::dicom::write::derived_uid;
/// assert_eq!(derived_uid(&["study", "7"]), derived_uid(&["study", "7"]));
/// assert_ne!(derived_uid(&["study", "7"]), derived_uid(&["study7"]));
/// ```
#[must_use]
pub fn derived_uid(names: &[&str]) -> String {
    const VERSION_8: u128 = 8 << 76;
    const VARIANT: u128 = 0b10 << 62;
    let bits = hash(names) & !(0xf << 76) & !(0b11 << 62);
    format!("2.25.{}", bits | VERSION_8 | VARIANT)
}

/// FNV-1a of 128 bits over the names and their lengths, then mixed so that late bytes reach all bits.
fn hash(names: &[&str]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut state: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for name in names {
        let length = (name.len() as u64).to_le_bytes();
        for byte in name.bytes().chain(length) {
            state = (state ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    for _ in 0..2 {
        state = (state ^ (state >> 67)).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    }
    state ^ (state >> 61)
}

#[cfg(test)]
mod tests {
    use super::derived_uid;

    #[test]
    fn uids_fit_and_differ() {
        let uids: std::collections::HashSet<String> = (0..1000)
            .map(|n| derived_uid(&["instance", &n.to_string()]))
            .collect();
        assert_eq!(uids.len(), 1000);
        assert!(uids.iter().all(|uid| uid.len() <= 64 && uid.starts_with("2.25.")));
    }

    #[test]
    fn names_do_not_run_together() {
        assert_ne!(derived_uid(&["a", "b"]), derived_uid(&["ab"]));
        assert_ne!(derived_uid(&["ab", ""]), derived_uid(&["a", "b"]));
    }
}

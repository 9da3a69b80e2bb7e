//! Data sets: whole, and as the first bytes of a longer file.
#![no_main]

use codec::dataset::{Limits, Prefix, read, read_prefix};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, Limits::default());
    if let Ok(Prefix::Done(object)) = read_prefix(bytes, false, Limits::default()) {
        // What is read of a part is what is read of the whole.
        let whole = whole.expect("a data set that ends within its bytes is good as a whole");
        assert_eq!(object.data_set.iter().count(), whole.data_set.iter().count());
    }
});

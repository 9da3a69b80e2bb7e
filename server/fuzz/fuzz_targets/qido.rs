//! Any query of a search: refused, or understood so that the address of its next page asks for the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pacs::dicomweb::qido::next_page_asks_the_same;

fuzz_target!(|query: &str| {
    assert!(next_page_asks_the_same(query));
});

//! Lines that an element may say, to a conversation over no images: all are done, refused or malformed.
#![no_main]

use engine::session::{Department, Listing};
use libfuzzer_sys::fuzz_target;
use viewer::{Arrivals, Conversation, Says};

fuzz_target!(|text: &str| {
    let mut conversation = Conversation::new(Arrivals::new(Listing::new(Vec::new())), Department::default());
    conversation.join(1, "one", "zh-CN").expect("there is room for one");
    for (n, line) in text.lines().enumerate() {
        let Ok(says) = Says::read(line) else { continue };
        let _ = conversation.receive(1, says, n as f64 * 0.01);
        let _ = conversation.due(n as f64 * 0.01);
        let _ = conversation.take_texts();
    }
});

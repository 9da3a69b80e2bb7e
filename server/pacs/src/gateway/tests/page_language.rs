//! The page with everything that it can show, in both languages.

use std::collections::BTreeMap;

use crate::clock::now_ns;
use crate::delivery::{Counted, Delivery, State, Trouble};
use crate::gateway::language::Language;
use crate::gateway::pages::{View, page};
use crate::gateway::receive::Service;
use crate::gateway::role::{Checked, Standing};
use crate::gateway::{CloudNode, Finding};
use crate::ingest::Refused;
use crate::routing::{Destination, DimseNode, Node};
use crate::storage::Hash;

fn delivery(id: i64, state: State, ago_s: i64, reason: Option<&str>) -> Delivery {
    Delivery {
        id,
        destination: "cloud".to_owned(),
        hash: Hash::of(&id.to_le_bytes()),
        sop_uid: format!("1.2.826.0.1.3680043.8.498.77.2026030410111213.{id}"),
        study_uid: "1.2.826.0.1.3680043.8.498.77".to_owned(),
        sop_class_uid: "1.2".to_owned(),
        transfer_syntax_uid: "1.2".to_owned(),
        state,
        attempts: id,
        not_before_ns: 0,
        created_ns: 0,
        changed_ns: now_ns() - ago_s * 1_000_000_000,
        reason: reason.map(str::to_owned),
    }
}

/// A gateway with two nodes, one of them in trouble, and objects of every fate.
fn standing(is_running: bool) -> Standing {
    let wanted = Service {
        address: ([0, 0, 0, 0], 13227).into(),
        ae_title: "NM-TRANSFER".to_owned(),
    };
    let cloud = CloudNode {
        url: "https://imaging.example.org/gateway".to_owned(),
        key_file: "key".into(),
        tls_authority: None,
    };
    let dimse = DimseNode {
        ae_title: "READING".to_owned(),
        address: "10.1.2.9:104".to_owned(),
        tls_authority: None,
    };
    let destination = |name: &str, node: Node| Destination {
        name: name.to_owned(),
        parallel: 2,
        node,
        sends_as: Vec::new(),
    };
    let count = |name: &str, state, number| Counted {
        destination: name.to_owned(),
        state,
        number,
    };
    let trouble = Trouble {
        failures: 3,
        words: "TCP: nobody answers there: connection refused".to_owned(),
        at_ns: now_ns() - 90_000_000_000,
    };
    let checked = |finding, ago_s: i64| Checked {
        finding,
        at_ns: now_ns() - ago_s * 1_000_000_000,
    };
    Standing {
        service: is_running.then(|| wanted.clone()),
        wanted,
        destinations: vec![
            destination("cloud", Node::Cloud(cloud)),
            destination("reading-room", Node::Dimse(dimse)),
        ],
        checked: BTreeMap::from([
            ("cloud".to_owned(), checked(Finding::Good, 7200)),
            (
                "reading-room".to_owned(),
                checked(Finding::Dns("reading".to_owned()), 1),
            ),
        ]),
        troubles: BTreeMap::from([("reading-room".to_owned(), trouble)]),
        counts: vec![
            count("cloud", State::Delivered, 128_044),
            count("reading-room", State::Waiting, 312),
            count("cloud", State::Quarantined, 2),
        ],
        delivered: vec![
            delivery(1, State::Delivered, 5, None),
            delivery(2, State::Delivered, 61, Some("the destination had it already")),
            delivery(3, State::Delivered, 200_000, None),
        ],
        held: vec![
            delivery(
                4,
                State::Quarantined,
                3700,
                Some("422: no Patient ID in the object"),
            ),
            delivery(
                5,
                State::Quarantined,
                86_400,
                Some("object is damaged: its bytes have another hash"),
            ),
        ],
        refused: vec![Refused {
            hash: Hash::of(b"x"),
            words: "dimse:CT1: the object is cut short: expected at least 1200 bytes, found 700".to_owned(),
        }],
    }
}

fn is_chinese(c: char) -> bool {
    ('\u{3000}'..='\u{9FFF}').contains(&c) || ('\u{FF00}'..='\u{FFEF}').contains(&c)
}

#[test]
fn each_language_is_whole() {
    for is_running in [true, false] {
        let page_in = |language| {
            let view = View {
                language,
                form_token: "0",
            };
            page(&standing(is_running), view, None).into_string()
        };
        let (chinese, english) = (page_in(Language::Chinese), page_in(Language::English));
        let other = english.replace("中文", "");
        assert!(!other.contains(is_chinese), "{other}");
        for (here, there) in [
            ("1 分钟前", "1 minute ago"),
            ("5 秒前", "5 seconds ago"),
            ("2 天前", "2 days ago"),
            ("1 小时前", "1 hour ago"),
            ("尝试 1 次", "1 attempt"),
            ("尝试 4 次", "4 attempts"),
            ("连续失败 3 次", "3 failures in a row"),
            ("已隔离", "Held"),
        ] {
            assert!(
                chinese.contains(here) && !chinese.contains(there),
                "{here}: {chinese}"
            );
            assert!(english.contains(there), "{there}: {english}");
        }
        // Of English the Chinese page has what other programs said, marked as such, and names.
        let mut said = chinese.clone();
        while let Some(start) = said.find(" lang=\"en\">") {
            let end = start + said[start..].find('<').unwrap();
            said.replace_range(start..end, "");
        }
        for word in [
            "minute",
            "attempt",
            "Waiting",
            "Delivered",
            "Running",
            "Stopped",
            "Send again",
            "nobody",
        ] {
            assert!(!said.contains(word), "{word}: {said}");
        }
        assert!(chinese.contains("<html lang=\"zh-CN\">") && english.contains("<html lang=\"en\">"));
    }
}

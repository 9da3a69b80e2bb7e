//! Devices through their pages, and what an archive says of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dicom_dictionary_std::tags;
use pacs::events::Boxed;
use pacs::index::{Index, NewRejection, Place, RejectionReason, Sender, generator};
use pacs::retention::{self, Policy};

use super::*;
use crate::Result;
use crate::clock::{Clock, DAY_NS};
use crate::permissions::{Kind, Permission};
use crate::test_site::{Browser, Site};

/// An archive that keeps so many studies of every device.
#[derive(Debug, Clone, Default)]
struct Keeps(Arc<AtomicU64>);

impl Holdings for Keeps {
    fn retained_studies<'a>(&'a self, _: &'a Images) -> Boxed<'a, Result<u64>> {
        let kept = self.0.load(Ordering::SeqCst);
        Box::pin(async move { Ok(kept) })
    }
}

const RIGHT: [(&str, &str); 5] = [
    ("number", "NM-01"),
    ("name", "一号 PET/CT"),
    ("type", "PET-CT"),
    ("ae_title", "PETCT1"),
    ("station_name", "DISCOVERY"),
];

/// Registers a device; gives its page.
async fn register(browser: &Browser<'_>, changed: &[(&str, &str)]) -> String {
    let mut fields = RIGHT.to_vec();
    for (name, value) in changed {
        fields
            .iter_mut()
            .filter(|(field, _)| field == name)
            .for_each(|field| field.1 = value);
    }
    let page = browser.post("/devices", &fields).await;
    page.is(303);
    page.location
}

#[tokio::test]
async fn a_device_is_registered_changed_and_given_to_members() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let (doctor, _) = site.account("赵技师").await;
    site.join(
        doctor,
        hospital,
        site.role(hospital, &[Permission::StudiesSend]).await,
    )
    .await;
    let path = register(&browser, &[]).await;
    browser
        .post(&format!("{path}/members"), &[("person", &doctor.to_string())])
        .await
        .leads_to(&path);
    let list = browser.get("/devices").await.text;
    for shown in ["NM-01", "一号 PET/CT", "PET/CT", "赵技师", "PETCT1"] {
        assert!(list.contains(shown), "{shown}");
    }
    register(
        &browser,
        &[
            ("number", "CT-02"),
            ("name", "二号机房"),
            ("type", "CT"),
            ("ae_title", "CT2"),
        ],
    )
    .await;
    for (query, found, missing) in [
        ("q=erhao", "CT-02", "NM-01"),
        ("q=nm-01", "NM-01", "CT-02"),
        ("q=ct2", "CT-02", "NM-01"),
        ("type=PET-CT", "NM-01", "CT-02"),
    ] {
        let text = browser.get(&format!("/devices?{query}")).await.text;
        assert!(text.contains(found) && !text.contains(missing), "{query}");
    }
    let changed = [
        ("number", "NM-09"),
        ("name", "九号"),
        ("type", "SPECT"),
        ("ae_title", ""),
        ("station_name", ""),
    ];
    browser.post(&path, &changed).await.leads_to(&path);
    let page = browser.get(&path).await;
    assert_eq!(
        (page.value("number").as_str(), page.value("ae_title").as_str()),
        ("NM-09", "")
    );
    browser
        .post(&format!("{path}/members/{doctor}/end"), &[])
        .await
        .leads_to(&path);
    browser
        .post(&format!("{path}/members/{doctor}/end"), &[])
        .await
        .is(404);
    for kind in ["device.added", "device.changed", "device.bound", "device.unbound"] {
        assert!(!site.entries(kind).await.is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn each_wrong_field_has_its_sentence_and_nothing_is_stored() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let long = "长".repeat(61);
    for (field, value, sentence) in [
        ("number", "", "请填写此项"),
        ("number", "123456789012345678901234567890123", "最多 32 个字符"),
        ("number", "=1+1", "只能使用文字、数字和常用标点"),
        ("number", "-1", "不能以 = + - @ 开头"),
        ("name", " ", "请填写此项"),
        ("name", &long, "最多 60 个字符"),
        (
            "name",
            "<script>alert(1)</script>",
            "只能使用文字、数字和常用标点",
        ),
        (
            "name",
            "'; DROP TABLE equipment; --",
            "只能使用文字、数字和常用标点",
        ),
        ("name", "机\u{202E}房", "含有不可见或控制字符"),
        ("type", "", "请从列表中选择"),
        ("type", "TOASTER", "请从列表中选择"),
        ("ae_title", "SEVENTEEN-LETTERS", "最多 16 个字符"),
        ("ae_title", "名称", "AE 名称只能使用"),
        ("ae_title", "A\\B", "AE 名称只能使用"),
        ("ae_title", "@SUM(1)", "AE 名称只能使用"),
        ("station_name", "站名", "站名只能使用"),
    ] {
        let mut fields = RIGHT.to_vec();
        fields
            .iter_mut()
            .filter(|one| one.0 == field)
            .for_each(|one| one.1 = value);
        let page = browser.post("/devices", &fields).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{field} {value}: {}", page.text);
        assert!(!page.text.contains("<script>alert"), "{value}");
        let kept = if field == "name" { "number" } else { "name" };
        let expected = RIGHT.iter().find(|(name, _)| *name == kept).unwrap().1;
        assert_eq!(page.value(kept), expected, "{field}");
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM equipment").await, 0);
    register(&browser, &[]).await;
    let page = browser.post("/devices", &RIGHT).await;
    page.is(422);
    assert!(page.text.contains("本机构已有使用该编号的设备"));
    // Another organisation gives its own numbers.
    let other = site.organisation(Kind::Hospital, "第二医院").await;
    register(&site.administrator(other).await, &[]).await;
}

#[tokio::test]
async fn another_organisations_device_is_refused_on_every_route() {
    let site = Site::new().await;
    let [own, other] = [
        site.organisation(Kind::Hospital, "甲").await,
        site.organisation(Kind::Hospital, "乙").await,
    ];
    let path = register(&site.administrator(own).await, &[]).await;
    let forger = site.administrator(other).await;
    for route in ["", "/remove"] {
        forger.get(&format!("{path}{route}")).await.is(403);
    }
    for route in ["", "/members", "/members/1/end", "/remove"] {
        forger
            .post(&format!("{path}{route}"), &[("typed", "NM-01")])
            .await
            .is(403);
    }
    assert_eq!(site.entries("access.refused").await.len(), 6);
    forger.get("/devices/999999").await.is(404);
    assert!(!forger.get("/devices").await.text.contains("NM-01"));
    // A member without the permission sees none of it, and a stranger cannot be bound.
    site.member(own, &[Permission::StudiesView])
        .await
        .get("/devices")
        .await
        .is(403);
    let (stranger, _) = site.account("外人").await;
    let bound = site.administrator(own).await;
    bound
        .post(&format!("{path}/members"), &[("person", &stranger.to_string())])
        .await
        .is(422);
    bound
        .post(&format!("{path}/members"), &[("person", "1 OR 1=1")])
        .await
        .is(422);
    assert_eq!(site.count("SELECT COUNT(*) FROM equipment_members").await, 0);
}

#[tokio::test]
async fn a_device_goes_when_its_number_was_typed_and_nothing_of_it_is_kept() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let path = register(&browser, &[]).await;
    let remove = format!("{path}/remove");
    let right = [("typed", "NM-01")];
    // Nobody can say what is kept: nothing goes.
    browser.get(&remove).await.is(409);
    browser.post(&remove, &right).await.is(409);
    let keeps = Keeps::default();
    site.platform.ask_of_holdings(keeps.clone());
    keeps.0.store(3, Ordering::SeqCst);
    let page = browser.get(&remove).await;
    assert!(page.text.contains("仍保存该设备的 3 份检查") && !page.text.contains("name=\"typed\""));
    browser.post(&remove, &right).await.is(409);
    keeps.0.store(0, Ordering::SeqCst);
    assert!(browser.get(&remove).await.text.contains("该设备的数据将一并删除"));
    for typed in ["", "nm-01", "NM-0", "<script>"] {
        let page = browser.post(&remove, &[("typed", typed)]).await;
        page.is(422);
        assert!(page.text.contains("输入的编号与设备编号不一致"));
    }
    assert_eq!(
        site.count("SELECT COUNT(*) FROM equipment WHERE removed_ns IS NOT NULL")
            .await,
        0
    );
    browser.post(&remove, &right).await.leads_to("/devices");
    browser.get(&path).await.is(404);
    // The row stays, the entry says which device it was, and the number is free again.
    assert_eq!(
        site.count("SELECT COUNT(*) FROM equipment WHERE removed_ns IS NOT NULL")
            .await,
        1
    );
    let entries = site.entries("device.removed").await;
    assert_eq!(entries[0].detail.as_deref(), Some(r#"{"number":"NM-01"}"#));
    register(&browser, &[]).await;
}

#[tokio::test]
async fn an_archive_says_which_studies_of_a_device_must_be_kept() {
    let folder = std::env::temp_dir().join(format!("platform-holdings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let index = Index::open(&Place::Sqlite(folder.join("test.sqlite")))
        .await
        .unwrap();
    // Two studies of one device, one of another, one of another organisation's device of the same name.
    let mut studies: Vec<String> = Vec::new();
    for facts in generator::generate(7, 40) {
        let study = facts.values[&tags::STUDY_INSTANCE_UID].clone();
        if !studies.contains(&study) {
            studies.push(study.clone());
        }
        let (station, custodian) = match studies.len() {
            1 | 2 => ("DISCOVERY", 1),
            3 => ("ELSEWHERE", 1),
            4 => ("DISCOVERY", 2),
            _ => break,
        };
        let mut facts = facts;
        facts.values.insert(tags::STATION_NAME, station.to_owned());
        let sender = Sender {
            actor: "dimse:TEST".to_owned(),
            custodian: Some(custodian),
        };
        index.add_from(facts, sender).await.unwrap();
    }
    let far_ns = pacs::clock::now_ns() + 60 * 366 * DAY_NS;
    let at = |now_ns: i64| ArchiveHoldings {
        index: index.clone(),
        policy: Policy::default(),
        clock: Clock::Set(Arc::new(now_ns.into())),
    };
    let images = |organisation: i64, stations: &[&str]| Images {
        organisation,
        stations: stations.iter().map(|one| (*one).to_owned()).collect(),
    };
    for (organisation, stations, now, later) in [
        (1, vec!["DISCOVERY"], 2, 1),
        (1, vec!["DISCOVERY", "ELSEWHERE"], 3, 1),
        (2, vec!["DISCOVERY"], 1, 0),
        (3, vec!["DISCOVERY"], 0, 0),
        (1, vec!["NOBODY"], 0, 0),
        (1, vec![], 0, 0),
    ] {
        let images = images(organisation, &stations);
        let found = at(pacs::clock::now_ns()).retained_studies(&images).await.unwrap();
        assert_eq!(found, now, "{images:?}");
        // Sixty years later everything is over but what somebody holds.
        let hold = retention::hold(&index, &studies[0], "诉讼", "person:1", 1)
            .await
            .unwrap();
        assert_eq!(
            at(far_ns).retained_studies(&images).await.unwrap(),
            later,
            "{images:?}"
        );
        retention::lift(&index, hold, "person:1", 2).await.unwrap();
        assert_eq!(
            at(far_ns).retained_studies(&images).await.unwrap(),
            0,
            "{images:?}"
        );
    }
    // A study that was rejected shows no more, and is kept as long.
    let rejection = NewRejection {
        study_uid: studies[1].clone(),
        series_uid: None,
        sop_uids: Vec::new(),
        reason: RejectionReason::Quality,
        comment: String::new(),
        note_uid: None,
        at_ns: 1,
        actor: "person:1".to_owned(),
    };
    index.reject(&rejection).await.unwrap();
    let images = images(1, &["DISCOVERY"]);
    assert_eq!(
        at(pacs::clock::now_ns()).retained_studies(&images).await.unwrap(),
        2
    );
    std::fs::remove_dir_all(folder).unwrap();
}

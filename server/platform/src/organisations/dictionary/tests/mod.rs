//! Dictionaries through their pages: what is shared, what stands in its place, what is in use.

mod transfer;

use super::model::Kind as Words;
use super::*;
use crate::language::Language;
use crate::permissions::{Kind, Permission};
use crate::test_site::Site;

async fn id_of(site: &Site, kind: &str, code: &str) -> i64 {
    site.count(&format!(
        "SELECT COALESCE(MAX(id), 0) FROM dictionary WHERE kind = '{kind}' AND code = '{code}'"
    ))
    .await
}

async fn codes(site: &Site, organisation: i64, kind: Words) -> Vec<(String, String)> {
    choices(site.platform.readers(), organisation, kind, Language::Chinese)
        .await
        .unwrap()
}

fn has(choices: &[(String, String)], code: &str, name: &str) -> bool {
    choices.iter().any(|one| one.0 == code && one.1 == name)
}

#[test]
fn what_is_shared_names_only_what_is_shared() {
    let entries = seed::shared().unwrap();
    let there = |kind: Words, code: &str| entries.iter().any(|one| one.kind == kind && one.code == code);
    for code in [
        "MR", "CT", "DR", "DX", "US", "CR", "ECT", "SPECT-CT", "PET-CT", "PET-MR", "BMD", "XA", "MG", "RF",
    ] {
        assert!(there(Words::DeviceKind, code), "{code}");
    }
    for (at, entry) in entries.iter().enumerate() {
        let before = &entries[..at];
        let is_twice = before
            .iter()
            .any(|one| one.kind == entry.kind && one.code == entry.code);
        assert!(!is_twice, "{} stands twice", entry.code);
        for kind in Words::ALL {
            let named = entry.detail.reference(kind);
            assert!(
                named.is_none_or(|code| there(kind, code)),
                "{} {named:?}",
                entry.code
            );
        }
    }
    // Whatever a department of nuclear medicine examines has its category, group, part and method.
    for entry in entries.iter().filter(|entry| entry.kind == Words::Item) {
        assert_eq!(
            entry
                .kind
                .fields()
                .iter()
                .filter(|field| entry.detail.values(**field).is_empty())
                .count(),
            0,
            "{}",
            entry.code
        );
    }
}

#[tokio::test]
async fn the_first_start_fills_what_is_shared_once() {
    let site = Site::new().await;
    let count = seed::shared().unwrap().len();
    let stored = "SELECT COUNT(*) FROM dictionary WHERE organisation IS NULL";
    assert_eq!(site.count(stored).await, i64::try_from(count).unwrap());
    crate::setup::prepare(&site.platform).await.unwrap();
    assert_eq!(site.count(stored).await, i64::try_from(count).unwrap());
}

#[tokio::test]
async fn an_own_entry_stands_in_the_place_of_the_shared_one_for_its_organisation_only() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let other = site.organisation(Kind::Hospital, "第二医院").await;
    let browser = site.administrator(hospital).await;
    let shared = id_of(&site, "category", "PET-CT").await;
    let page = browser
        .get(&format!("/dictionary/new?kind=category&from={shared}"))
        .await;
    assert_eq!(
        (page.value("code").as_str(), page.value("name_zh").as_str()),
        ("PET-CT", "PET/CT")
    );
    let own = [
        ("kind", "category"),
        ("code", "PET-CT"),
        ("name_zh", "本院 PET"),
        ("name_en", "Our PET"),
        ("modality", "PT"),
    ];
    browser
        .post("/dictionary", &own)
        .await
        .leads_to("/dictionary?kind=category");
    let (ours, theirs) = (
        codes(&site, hospital, Words::Category).await,
        codes(&site, other, Words::Category).await,
    );
    assert!(has(&ours, "PET-CT", "本院 PET") && !has(&ours, "PET-CT", "PET/CT"));
    assert!(has(&theirs, "PET-CT", "PET/CT"));
    assert_eq!(ours.len(), theirs.len());
    let list = browser.get("/dictionary?kind=category&q=benyuan").await.text;
    assert!(list.contains("本院 PET") && list.contains("本机构") && !list.contains("SPECT/CT"));
    // Retired, the organisation is offered neither; gone, the shared one is there again.
    let id = id_of(&site, "category", "PET-CT").await;
    let path = format!("/dictionary/{id}");
    browser.post(&format!("{path}/retire"), &[]).await.leads_to(&path);
    assert!(
        !codes(&site, hospital, Words::Category)
            .await
            .iter()
            .any(|one| one.0 == "PET-CT")
    );
    assert!(
        browser
            .get("/dictionary?kind=category&state=retired")
            .await
            .text
            .contains("本院 PET")
    );
    browser
        .post(&format!("{path}/restore"), &[])
        .await
        .leads_to(&path);
    assert!(has(
        &codes(&site, hospital, Words::Category).await,
        "PET-CT",
        "本院 PET"
    ));
    browser
        .post(&format!("{path}/remove"), &[])
        .await
        .leads_to("/dictionary?kind=category");
    assert!(has(
        &codes(&site, hospital, Words::Category).await,
        "PET-CT",
        "PET/CT"
    ));
    for kind in ["added", "retired", "restored", "removed"] {
        assert_eq!(
            site.entries(&format!("dictionary.{kind}")).await.len(),
            1,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn what_is_in_use_is_retired_and_not_removed() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let add = async |fields: &[(&str, &str)]| browser.post("/dictionary", fields).await.is(303);
    add(&[
        ("kind", "device-kind"),
        ("code", "PEM"),
        ("name_zh", "乳腺 PET"),
        ("name_en", "PEM"),
    ])
    .await;
    add(&[
        ("kind", "body-part"),
        ("code", "AXILLA"),
        ("name_zh", "腋窝"),
        ("name_en", "Axilla"),
    ])
    .await;
    add(&[
        ("kind", "item"),
        ("code", "PEM-1"),
        ("name_zh", "乳腺显像"),
        ("name_en", "PEM"),
        ("body-part", "AXILLA"),
    ])
    .await;
    let device = [("number", "1"), ("name", "乳腺机"), ("type", "PEM")];
    let device = browser.post("/devices", &device).await.location;
    for (kind, code) in [("device-kind", "PEM"), ("body-part", "AXILLA")] {
        let path = format!("/dictionary/{}", id_of(&site, kind, code).await);
        browser.post(&format!("{path}/remove"), &[]).await.is(409);
        browser.post(&format!("{path}/retire"), &[]).await.leads_to(&path);
    }
    // What names it keeps it; nothing new is given it.
    let kept = [("number", "1"), ("name", "改名"), ("type", "PEM")];
    browser.post(&device, &kept).await.leads_to(&device);
    browser
        .post("/devices", &[("number", "2"), ("name", "新机"), ("type", "PEM")])
        .await
        .is(422);
    // A shared one that any organisation uses stays too; one that nothing names goes.
    let officer = site.officer("shared-dictionary").await;
    browser
        .post("/devices", &[("number", "3"), ("name", "新机"), ("type", "MG")])
        .await
        .is(303);
    let path = async |code: &str| format!("/dictionary/{}/remove", id_of(&site, "device-kind", code).await);
    officer.post(&path("MG").await, &[]).await.is(409);
    officer
        .post(&path("RF").await, &[])
        .await
        .leads_to("/platform/dictionary?kind=device-kind");
    // A doctor's preferred types name categories: the shared ones too.
    let team = site.organisation(Kind::Team, "团队").await;
    let change = site.platform.writer().begin().await.unwrap();
    let side = crate::organisations::dockings::Side::Team;
    let docking = crate::organisations::dockings::store::ask(&*change, hospital, team, side, "personal", 1)
        .await
        .unwrap();
    let (doctor, _) = site_account(&change).await;
    crate::organisations::dockings::store::set_doctor(&*change, docking, doctor, &["BMD".to_owned()], 1)
        .await
        .unwrap();
    change.commit().await.unwrap();
    let category = id_of(&site, "category", "BMD").await;
    officer
        .post(&format!("/dictionary/{category}/remove"), &[])
        .await
        .is(409);
}

async fn site_account(change: &database::Change) -> (i64, ()) {
    let new = crate::people::store::NewAccount {
        kind: "staff",
        state: "active",
        mobile: "13912345678",
        name: "孙医生",
        ..crate::people::store::NewAccount::default()
    };
    (
        crate::people::store::add(&**change, &new, 1)
            .await
            .unwrap()
            .unwrap(),
        (),
    )
}

#[tokio::test]
async fn each_wrong_field_has_its_sentence_and_nothing_is_stored() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    let before = site.count("SELECT COUNT(*) FROM dictionary").await;
    let long = "长".repeat(101);
    let right = [("code", "A-1"), ("name_zh", "名称"), ("name_en", "Name")];
    for (kind, field, value, sentence) in [
        ("tag", "code", "", "请填写此项"),
        ("tag", "code", "编码", "编码以字母或数字开头"),
        ("tag", "code", "=A1", "编码以字母或数字开头"),
        ("tag", "code", "a\" OR 1", "编码以字母或数字开头"),
        (
            "tag",
            "code",
            "A23456789012345678901234567890123",
            "最多 32 个字符",
        ),
        ("tag", "name_zh", "", "请填写此项"),
        ("tag", "name_zh", &long, "最多 100 个字符"),
        ("tag", "name_zh", "<img src=x>", "只能使用文字、数字和常用标点"),
        ("tag", "name_en", "+cmd", "不能以 = + - @ 开头"),
        ("tag", "name_en", "a\u{200B}b", "含有不可见或控制字符"),
        ("category", "modality", "XX", "请从列表中选择"),
        ("item", "body-part", "NOWHERE", "字典中没有该编码"),
        ("item", "method", "<script>", "编码以字母或数字开头"),
        ("method", "rights", "everybody", "请从列表中选择"),
        ("method", "behaviour", "dancing", "请从列表中选择"),
    ] {
        let mut fields = right.to_vec();
        fields.retain(|one| one.0 != field);
        fields.extend([("kind", kind), (field, value)]);
        let page = browser.post("/dictionary", &fields).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{kind} {field} {value}");
        assert!(!page.text.contains("<img src=x>") && !page.text.contains("<script>\""));
        let kept = if field == "name_zh" { "name_en" } else { "name_zh" };
        assert_eq!(
            page.value(kept),
            if kept == "name_zh" { "名称" } else { "Name" },
            "{field}"
        );
    }
    browser.post("/dictionary", &[("kind", "nonsense")]).await.is(400);
    browser
        .post("/dictionary", &[right.as_slice(), &[("kind", "tag")]].concat())
        .await
        .is(303);
    let page = browser
        .post("/dictionary", &[right.as_slice(), &[("kind", "tag")]].concat())
        .await;
    page.is(422);
    assert!(page.text.contains("该编码已存在"));
    assert_eq!(site.count("SELECT COUNT(*) FROM dictionary").await, before + 1);
}

#[tokio::test]
async fn entries_of_others_and_shared_ones_are_refused() {
    let site = Site::new().await;
    let (own, other) = (
        site.organisation(Kind::Hospital, "甲").await,
        site.organisation(Kind::Team, "乙").await,
    );
    let browser = site.administrator(own).await;
    let entry = [
        ("kind", "tag"),
        ("code", "OWN"),
        ("name_zh", "自有"),
        ("name_en", "Own"),
    ];
    browser.post("/dictionary", &entry).await.is(303);
    let own_entry = id_of(&site, "tag", "OWN").await;
    let shared = id_of(&site, "tag", "TEACHING").await;
    let forger = site.administrator(other).await;
    let officer = site.officer("shared-dictionary").await;
    for (who, id) in [
        (&forger, own_entry),
        (&browser, shared),
        (&forger, shared),
        (&officer, own_entry),
    ] {
        who.get(&format!("/dictionary/{id}")).await.is(403);
        for route in ["", "/retire", "/restore", "/remove"] {
            who.post(&format!("/dictionary/{id}{route}"), &entry)
                .await
                .is(403);
        }
    }
    for path in [
        "/platform/dictionary",
        "/platform/dictionary/new",
        "/platform/dictionary/import",
        "/platform/dictionary/export",
    ] {
        browser.get(path).await.is(403);
        officer.get(path).await.is(200);
    }
    browser.post("/platform/dictionary", &entry).await.is(403);
    // Nobody's own entry is copied by its number.
    forger
        .get(&format!("/dictionary/new?from={own_entry}"))
        .await
        .is(404);
    let reader = site.member(own, &[Permission::StudiesView]).await;
    for path in [
        "/dictionary",
        "/dictionary/export",
        "/dictionary/import",
        "/dictionary/new",
    ] {
        reader.get(path).await.is(403);
    }
    officer
        .post(
            &format!("/dictionary/{shared}"),
            &[("name_zh", "示教"), ("name_en", "Teaching")],
        )
        .await
        .leads_to("/platform/dictionary?kind=tag");
    assert!(has(&codes(&site, other, Words::Tag).await, "TEACHING", "示教"));
}

//! Cooperation through its pages: two tenants, and what the Reading side asks.

use super::*;
use crate::permissions::{Kind, Permission};
use crate::test_site::{Browser, Site};

/// A hospital and a team with their administrators' browsers.
struct Two<'a> {
    hospital: i64,
    team: i64,
    ours: Browser<'a>,
    theirs: Browser<'a>,
    hospital_number: String,
    team_number: String,
}

async fn number(site: &Site, id: i64) -> String {
    let found = crate::organisations::store::one(site.platform.readers(), id)
        .await
        .unwrap();
    found.unwrap().number
}

async fn two(site: &Site) -> Two<'_> {
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let team = site.organisation(Kind::Team, "核医学诊断中心").await;
    Two {
        hospital,
        team,
        ours: site.administrator(hospital).await,
        theirs: site.administrator(team).await,
        hospital_number: number(site, hospital).await,
        team_number: number(site, team).await,
    }
}

async fn only_docking(site: &Site) -> String {
    format!("/dockings/{}", site.count("SELECT MAX(id) FROM dockings").await)
}

async fn may_order(site: &Site, two: &Two<'_>) -> bool {
    super::may_order(site.platform.readers(), two.hospital, two.team)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_hospital_asks_a_team_accepts_and_ending_stops_new_orders() {
    let site = Site::new().await;
    let two = two(&site).await;
    let asked = [
        ("number", two.team_number.to_lowercase()),
        ("signature_mode", "fixed".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = asked
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    two.ours.post("/dockings", &fields).await.leads_to("/dockings");
    let path = only_docking(&site).await;
    assert!(!may_order(&site, &two).await);
    // Both lists show the partner, and the other side has something to do.
    let (ours, theirs) = (
        two.ours.get("/dockings").await.text,
        two.theirs.get("/dockings").await.text,
    );
    for (text, shown) in [
        (
            &ours,
            [
                "核医学诊断中心",
                two.team_number.as_str(),
                "本机构",
                "待接受",
                "固定签名",
            ],
        ),
        (
            &theirs,
            [
                "第一医院",
                two.hospital_number.as_str(),
                "对方",
                "待接受",
                "固定签名",
            ],
        ),
    ] {
        for word in shown {
            assert!(text.contains(word), "{word}");
        }
    }
    assert!(
        two.theirs
            .get("/notifications")
            .await
            .text
            .contains("第一医院 申请与贵机构合作")
    );
    // Whoever asked cannot accept, nor is it asked twice.
    two.ours.post(&format!("{path}/do/accept"), &[]).await.is(409);
    two.ours.post("/dockings", &fields).await.is(422);
    site.pass(60 * crate::clock::SECOND_NS);
    two.theirs
        .post(&format!("{path}/do/accept"), &[])
        .await
        .leads_to(&path);
    assert!(may_order(&site, &two).await);
    assert!(
        !two.theirs
            .get("/notifications")
            .await
            .text
            .contains("申请与贵机构合作")
    );
    assert!(
        two.ours
            .get("/notifications")
            .await
            .text
            .contains("已接受合作申请")
    );
    let list = two.ours.get("/dockings?q=hyx&state=accepted").await.text;
    assert!(
        list.contains("合作中") && list.contains("2026-11-30 10:01"),
        "{list}"
    );
    // A closed partner is not ordered of; ended by either side it is over.
    for (state, expected) in [("closed", false), ("active", true)] {
        let change = site.platform.writer().begin().await.unwrap();
        let mut sql = database::Sql::new("UPDATE organisations SET state = ");
        sql.bind(state)
            .push(" WHERE id = ")
            .bind(two.team)
            .run(&*change)
            .await
            .unwrap();
        change.commit().await.unwrap();
        assert_eq!(may_order(&site, &two).await, expected);
    }
    two.ours
        .post(&format!("{path}/do/end"), &[])
        .await
        .leads_to(&path);
    assert!(!may_order(&site, &two).await);
    two.theirs.post(&format!("{path}/do/end"), &[]).await.is(409);
    assert!(two.theirs.get("/notifications").await.text.contains("终止了合作"));
    // What there was stays to be read, and a new one can be asked for.
    assert!(two.theirs.get(&path).await.text.contains("已终止"));
    two.theirs
        .post(
            "/dockings",
            &[("number", &two.hospital_number), ("signature_mode", "personal")],
        )
        .await
        .leads_to("/dockings");
    for kind in ["docking.asked", "docking.accepted", "docking.ended"] {
        let entries = site.entries(kind).await;
        let of: Vec<_> = entries.iter().map(|entry| entry.organisation).collect();
        assert!(
            of.contains(&Some(two.hospital)) && of.contains(&Some(two.team)),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn an_invitation_is_declined_sent_again_and_deleted() {
    let site = Site::new().await;
    let two = two(&site).await;
    two.theirs
        .post(
            "/dockings",
            &[("number", &two.hospital_number), ("signature_mode", "personal")],
        )
        .await
        .leads_to("/dockings");
    let path = only_docking(&site).await;
    two.ours
        .post(&format!("{path}/do/decline"), &[])
        .await
        .leads_to(&path);
    assert!(
        two.theirs
            .get("/notifications")
            .await
            .text
            .contains("谢绝了合作申请")
    );
    two.ours.post(&format!("{path}/do/accept"), &[]).await.is(409);
    two.theirs
        .post(&format!("{path}/do/resend"), &[])
        .await
        .leads_to(&path);
    assert!(
        two.ours
            .get("/notifications")
            .await
            .text
            .contains("申请与贵机构合作")
    );
    two.theirs
        .post(&format!("{path}/do/withdraw"), &[])
        .await
        .leads_to("/dockings");
    assert!(!two.ours.get("/dockings").await.text.contains("核医学诊断中心"));
    two.ours.get(&path).await.is(404);
    two.ours.post(&format!("{path}/do/accept"), &[]).await.is(404);
    two.ours.post(&format!("{path}/do/marry"), &[]).await.is(404);
    assert!(!may_order(&site, &two).await);
}

#[tokio::test]
async fn one_that_was_declined_is_not_sent_again_beside_one_that_runs() {
    let site = Site::new().await;
    let two = two(&site).await;
    two.ours
        .post(
            "/dockings",
            &[("number", &two.team_number), ("signature_mode", "personal")],
        )
        .await
        .leads_to("/dockings");
    let first = only_docking(&site).await;
    two.theirs
        .post(&format!("{first}/do/decline"), &[])
        .await
        .leads_to(&first);
    two.theirs
        .post(
            "/dockings",
            &[("number", &two.hospital_number), ("signature_mode", "personal")],
        )
        .await
        .leads_to("/dockings");
    two.ours.post(&format!("{first}/do/resend"), &[]).await.is(409);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM dockings WHERE state = 'asked'")
            .await,
        1
    );
}

#[tokio::test]
async fn each_wrong_field_has_its_sentence_and_nothing_is_stored() {
    let site = Site::new().await;
    let two = two(&site).await;
    let department = site.organisation(Kind::Department, "核医学科").await;
    let department = number(&site, department).await;
    for (number, mode, sentence) in [
        ("", "personal", "请填写此项"),
        ("H0000000000000000000000", "personal", "最多 20 个字符"),
        ("<b>T1</b>", "personal", "只能使用文字、数字和常用标点"),
        ("=T1", "personal", "只能使用文字、数字和常用标点"),
        ("T999999' OR '1'='1", "personal", "只能使用文字、数字和常用标点"),
        ("T1", "personal", "没有使用该编号的合作机构"),
        // Of one's own kind, and of a kind that does not cooperate.
        (&two.hospital_number, "personal", "没有使用该编号的合作机构"),
        (&department, "personal", "没有使用该编号的合作机构"),
        (&two.team_number, "", "请从列表中选择"),
        (&two.team_number, "none", "请从列表中选择"),
    ] {
        let page = two
            .ours
            .post("/dockings", &[("number", number), ("signature_mode", mode)])
            .await;
        page.is(422);
        assert!(page.text.contains(sentence), "{number} {mode}: {}", page.text);
        assert!(!page.text.contains("<b>T1"));
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM dockings").await, 0);
}

/// An accepted cooperation and a doctor of the team.
async fn accepted(site: &Site, two: &Two<'_>) -> (String, i64) {
    two.ours
        .post(
            "/dockings",
            &[("number", &two.team_number), ("signature_mode", "personal")],
        )
        .await
        .leads_to("/dockings");
    let path = only_docking(site).await;
    two.theirs
        .post(&format!("{path}/do/accept"), &[])
        .await
        .leads_to(&path);
    let (doctor, _) = site.account("钱医生").await;
    site.join(
        doctor,
        two.team,
        site.role(two.team, &[Permission::ReportsWrite]).await,
    )
    .await;
    (path, doctor)
}

#[tokio::test]
async fn a_fee_that_was_copied_stays_when_the_fee_changes() {
    let site = Site::new().await;
    let two = two(&site).await;
    let (path, doctor) = accepted(&site, &two).await;
    let person = doctor.to_string();
    let set = async |fee: &str| {
        let fields = [
            ("person", person.as_str()),
            ("fee", fee),
            ("category", "PET-CT"),
            ("category", "SPECT"),
        ];
        two.theirs
            .post(&format!("{path}/doctors"), &fields)
            .await
            .leads_to(&path);
    };
    let fee = async || {
        fee_of(site.platform.readers(), two.hospital, two.team, doctor)
            .await
            .unwrap()
    };
    assert_eq!(fee().await, None);
    set("79.5").await;
    let copied = fee().await.unwrap();
    assert_eq!(copied.fen, 7950);
    // The hospital sees the doctor with the fee.
    let page = two.ours.get(&path).await.text;
    assert!(
        page.contains("钱医生") && page.contains("79.50") && page.contains("PET/CT、SPECT"),
        "{page}"
    );
    assert!(!page.contains("添加诊断医生"));
    set("120.00").await;
    assert_eq!((copied.fen, fee().await.unwrap().fen), (7950, 12000));
    let page = two.theirs.get(&format!("{path}/doctors/{doctor}")).await;
    assert_eq!(page.value("fee"), "120.00");
    // A doctor who left the team is not ordered of; nor is anybody of a team that is not worked with.
    let change = site.platform.writer().begin().await.unwrap();
    let sql = database::Sql::new(format!(
        "UPDATE memberships SET state = 'ended' WHERE person = {doctor}"
    ));
    sql.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(fee().await, None);
    assert!(two.ours.get(&path).await.text.contains("已离开团队"));
    two.theirs
        .post(&format!("{path}/doctors/{doctor}/remove"), &[])
        .await
        .leads_to(&path);
    two.theirs
        .post(&format!("{path}/doctors/{doctor}/remove"), &[])
        .await
        .is(404);
    assert_eq!(site.entries("docking.doctor-set").await.len(), 4);
}

#[tokio::test]
async fn doctors_and_fees_are_the_teams_to_set_and_wrong_fields_are_said() {
    let site = Site::new().await;
    let two = two(&site).await;
    let (path, doctor) = accepted(&site, &two).await;
    let person = doctor.to_string();
    let (stranger, _) = site.account("外人").await;
    let stranger = stranger.to_string();
    for (who, fee, category, sentence) in [
        (person.as_str(), "", "", "请填写此项"),
        (&person, "abc", "", "请填写 0 至 1000000 元之间的金额"),
        (&person, "-1", "", "请填写 0 至 1000000 元之间的金额"),
        (&person, "1.234", "", "请填写 0 至 1000000 元之间的金额"),
        (&person, "=1+1", "", "请填写 0 至 1000000 元之间的金额"),
        (&person, "1000000.01", "", "请填写 0 至 1000000 元之间的金额"),
        (&person, "100000000000000000000000", "", "最多 20 个字符"),
        (&person, "80", "TOASTER", "请从列表中选择"),
        (&person, "80", "<script>", "请从列表中选择"),
        (&stranger, "80", "", "请从列表中选择"),
        ("0", "80", "", "请从列表中选择"),
    ] {
        let mut fields = vec![("person", who), ("fee", fee)];
        if !category.is_empty() {
            fields.push(("category", category));
        }
        let page = two.theirs.post(&format!("{path}/doctors"), &fields).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{who} {fee} {category}");
        assert_eq!(page.value("fee"), fee);
    }
    let right = [("person", person.as_str()), ("fee", "80")];
    two.ours.post(&format!("{path}/doctors"), &right).await.is(409);
    two.ours.post(&path, &[("signature_mode", "fixed")]).await.is(409);
    two.theirs
        .post(&path, &[("signature_mode", "scribbled")])
        .await
        .is(422);
    two.theirs
        .post(&path, &[("signature_mode", "fixed")])
        .await
        .leads_to(&path);
    two.theirs
        .post(&format!("{path}/do/end"), &[])
        .await
        .leads_to(&path);
    two.theirs.post(&format!("{path}/doctors"), &right).await.is(409);
    assert_eq!(site.count("SELECT COUNT(*) FROM docking_doctors").await, 0);
}

#[tokio::test]
async fn a_cooperation_of_others_is_refused_on_every_route() {
    let site = Site::new().await;
    let two = two(&site).await;
    let (path, _) = accepted(&site, &two).await;
    let third = site.organisation(Kind::Team, "第三方").await;
    let forger = site.administrator(third).await;
    for route in ["", "/doctors/new", "/doctors/1"] {
        forger.get(&format!("{path}{route}")).await.is(403);
    }
    for route in ["", "/do/end", "/do/accept", "/doctors", "/doctors/1/remove"] {
        forger.post(&format!("{path}{route}"), &[]).await.is(403);
    }
    assert_eq!(site.entries("access.refused").await.len(), 8);
    assert!(may_order(&site, &two).await);
    forger.get("/dockings/999999").await.is(404);
    assert!(!forger.get("/dockings").await.text.contains("第一医院"));
}

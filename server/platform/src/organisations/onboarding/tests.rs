//! Organisations brought in, closed and opened again.

use crate::permissions::{Kind, Permission};
use crate::test_site::Site;

const RIGHT: [(&str, &str); 11] = [
    ("kind", "hospital"),
    ("name", "县人民医院"),
    ("parent", ""),
    ("grade", "二级甲等"),
    ("type", "综合医院"),
    ("province", "四川省"),
    ("city", "成都市"),
    ("street", "人民路 1 号"),
    ("introduction", "第一行\n第二行"),
    ("administrator", "周院长"),
    ("mobile", "13800001111"),
];

fn with<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<(&str, &str)> = RIGHT.to_vec();
    for (name, value) in changed {
        fields
            .iter_mut()
            .filter(|field| field.0 == *name)
            .for_each(|field| field.1 = value);
    }
    fields
}

const PATH: &str = "/platform/organisations";

async fn latest(site: &Site) -> i64 {
    site.count("SELECT MAX(id) FROM organisations").await
}

#[tokio::test]
async fn a_hospital_is_brought_in_and_its_administrator_signs_in_with_the_password_shown_once() {
    let site = Site::new().await;
    let officer = site.officer("organisations").await;
    let page = officer.post(PATH, &with(&[])).await;
    page.is(200);
    let password = page
        .text
        .split("<code class=\"long\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let password = password.replace("&amp;", "&");
    let id = latest(&site).await;
    let one = officer.get(&format!("{PATH}/{id}")).await.text;
    for shown in [
        "县人民医院",
        "二级甲等",
        "综合医院",
        "四川省",
        "成都市",
        "周院长",
        "正常",
    ] {
        assert!(one.contains(shown), "{shown}");
    }
    assert!(!one.contains(&password));
    for words in ["xianrenmin", "xrmyy", "县人民"] {
        assert!(
            officer
                .get(&format!("{PATH}?q={words}"))
                .await
                .text
                .contains("县人民医院"),
            "{words}"
        );
    }
    assert!(
        !officer
            .get(&format!("{PATH}?q=nobody"))
            .await
            .text
            .contains("县人民医院")
    );
    let browser = site.browser();
    browser.sign_in("13800001111", &password).await.is(303);
    // The password is changed before anything else (ACC-08).
    browser.get("/organisation").await.leads_to("/password");
    assert_eq!(site.entries("organisation.added").await.len(), 1);
    // The other kinds, a department with its hospital.
    let hospital = crate::organisations::store::one(site.platform.readers(), id)
        .await
        .unwrap()
        .unwrap();
    let department = [
        ("kind", "department"),
        ("name", "核医学科"),
        ("parent", hospital.number.as_str()),
        ("mobile", "13800002222"),
    ];
    officer.post(PATH, &with(&department)).await.is(200);
    assert!(
        officer
            .get(&format!("{PATH}/{}", latest(&site).await))
            .await
            .text
            .contains("县人民医院")
    );
    officer
        .post(
            PATH,
            &with(&[("kind", "team"), ("name", "会诊团队"), ("mobile", "13800003333")]),
        )
        .await
        .is(200);
    assert_eq!(
        site.count("SELECT COUNT(DISTINCT kind) FROM organisations").await,
        4
    );
}

#[tokio::test]
async fn whoever_has_an_account_is_invited() {
    let site = Site::new().await;
    let officer = site.officer("organisations").await;
    let (account, mobile) = site.account("吴主任").await;
    let page = officer.post(PATH, &with(&[("mobile", &mobile)])).await;
    page.is(200);
    assert!(page.text.contains("已邀请该账号的本人担任管理员") && !page.text.contains("首次登录密码只显示"));
    let id = latest(&site).await;
    let browser = site.signed_in(account, None).await;
    assert!(
        browser
            .get("/workbench")
            .await
            .text
            .contains("县人民医院 邀请您加入")
    );
    let membership = site.count("SELECT MAX(id) FROM memberships").await;
    browser
        .post(&format!("/invitations/{membership}/accept"), &[])
        .await
        .is(303);
    let inside = site.signed_in(account, Some(id)).await;
    inside.get("/members").await.is(200);
    // Nobody else's account was made or changed.
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 2);
}

#[tokio::test]
async fn each_wrong_field_has_its_sentence_and_nothing_is_stored() {
    let site = Site::new().await;
    let officer = site.officer("organisations").await;
    let team = site.organisation(Kind::Team, "团队").await;
    let team = crate::organisations::store::one(site.platform.readers(), team)
        .await
        .unwrap()
        .unwrap()
        .number;
    let long = "长".repeat(101);
    let longest = "长".repeat(4001);
    for (changed, sentence) in [
        (("kind", ""), "请从列表中选择"),
        (("kind", "platform"), "请从列表中选择"),
        (("name", ""), "请填写此项"),
        (("name", long.as_str()), "最多 100 个字符"),
        (
            ("name", "<script>alert(1)</script>"),
            "只能使用文字、数字和常用标点",
        ),
        (("name", "=cmd|calc"), "只能使用文字、数字和常用标点"),
        (("name", "+医院"), "不能以 = + - @ 开头"),
        (("grade", "三\u{0000}级"), "含有不可见或控制字符"),
        (
            ("city", "'; DROP TABLE people; --"),
            "只能使用文字、数字和常用标点",
        ),
        (("introduction", longest.as_str()), "最多 4000 个字符"),
        (("administrator", ""), "请填写此项"),
        (("administrator", "<b>"), "只能使用文字、数字和常用标点"),
        (("mobile", ""), "请填写此项"),
        (("mobile", "12345"), "请填写 11 位手机号码"),
        (("mobile", "abc"), "请填写 11 位手机号码"),
        // Only departments belong to a hospital, and only to one that is there.
        (("parent", "H000000"), "没有使用该编号的医院"),
        (("parent", team.as_str()), "没有使用该编号的医院"),
    ] {
        let page = officer.post(PATH, &with(&[changed])).await;
        page.is(422);
        assert!(page.text.contains(sentence), "{changed:?}");
        assert!(!page.text.contains("<script>alert") && !page.text.contains("<b>"));
        let kept = if changed.0 == "street" { "city" } else { "street" };
        assert_eq!(page.value(kept), "人民路 1 号", "{changed:?}");
    }
    assert_eq!(site.count("SELECT COUNT(*) FROM organisations").await, 2);
    assert_eq!(site.count("SELECT COUNT(*) FROM people").await, 1);
    officer.post(PATH, &with(&[])).await.is(200);
    let page = officer.post(PATH, &with(&[("mobile", "13800004444")])).await;
    page.is(422);
    assert!(page.text.contains("已有同类别、同名称的机构"));
    // An account that is not active yet is reviewed first.
    let change = site.platform.writer().begin().await.unwrap();
    let sql = database::Sql::new("UPDATE people SET state = 'pending' WHERE mobile = '13800001111'");
    sql.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    let page = officer.post(PATH, &with(&[("name", "另一医院")])).await;
    page.is(422);
    assert!(page.text.contains("该手机号的账号未启用"));
}

#[tokio::test]
async fn a_closed_organisation_is_lost_to_its_sessions_at_once_until_it_opens_again() {
    let site = Site::new().await;
    let officer = site.officer("organisations").await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let browser = site.administrator(hospital).await;
    browser.get("/members").await.is(200);
    let path = format!("{PATH}/{hospital}");
    let page = officer.post(&format!("{path}/close"), &[("reason", "")]).await;
    page.is(422);
    officer
        .post(&format!("{path}/close"), &[("reason", &"长".repeat(201))])
        .await
        .is(422);
    browser.get("/members").await.is(200);
    officer
        .post(&format!("{path}/close"), &[("reason", "合同到期")])
        .await
        .leads_to(&path);
    browser.get("/members").await.leads_to("/workbench");
    assert!(
        !browser
            .get("/workbench")
            .await
            .text
            .contains("name=\"organisation\" value")
    );
    browser
        .post("/switch", &[("organisation", &hospital.to_string())])
        .await
        .is(403);
    // What the role held there is nothing anywhere.
    let session = browser.cookie("uptake_session").unwrap();
    let stored = crate::sessions::store::load(site.platform.readers(), &crate::secrets::kept(&session)).await;
    let signed = stored.unwrap().unwrap().signed;
    assert!(signed.permitted().permissions.is_empty() && signed.organisation().is_none());
    assert!(
        browser
            .get("/notifications")
            .await
            .text
            .contains("第一医院 已被平台停用")
    );
    officer
        .post(&format!("{path}/close"), &[("reason", "再次")])
        .await
        .is(409);
    officer.post(&format!("{path}/open"), &[]).await.leads_to(&path);
    officer.post(&format!("{path}/open"), &[]).await.is(409);
    browser.get("/members").await.is(200);
    assert_eq!(site.entries("organisation.closed").await.len(), 1);
    assert_eq!(site.entries("organisation.opened").await.len(), 1);
}

#[tokio::test]
async fn only_the_system_administrator_comes_here_and_the_platform_is_not_closed() {
    let site = Site::new().await;
    let hospital = site.organisation(Kind::Hospital, "第一医院").await;
    let all: Vec<Permission> = Permission::of(Kind::Hospital).collect();
    for who in [
        site.member(hospital, &all).await,
        site.officer("accounts").await,
        site.officer("audit").await,
    ] {
        for path in [
            PATH.to_owned(),
            format!("{PATH}/new"),
            format!("{PATH}/{hospital}"),
        ] {
            who.get(&path).await.is(403);
        }
        who.post(PATH, &with(&[])).await.is(403);
        who.post(&format!("{PATH}/{hospital}/close"), &[("reason", "x")])
            .await
            .is(403);
        who.post(&format!("{PATH}/{hospital}/open"), &[]).await.is(403);
    }
    let officer = site.officer("organisations").await;
    let own = site.own().await;
    officer.get(&format!("{PATH}/{own}")).await.is(404);
    officer
        .post(&format!("{PATH}/{own}/close"), &[("reason", "x")])
        .await
        .is(404);
    officer.get(&format!("{PATH}/999999")).await.is(404);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM organisations WHERE state <> 'active'")
            .await,
        0
    );
}

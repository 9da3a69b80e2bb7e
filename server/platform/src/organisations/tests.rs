//! Members, roles, the record, and who sees what of whom.

use crate::permissions::{Kind, Permission};
use crate::test_site::{PASSWORD, Site};

#[tokio::test]
async fn a_role_that_changes_holds_with_the_next_request_of_its_members() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let administrator = site.administrator(organisation).await;
    let fields = [
        ("name", "助理"),
        ("description", "协助管理"),
        ("permission", "studies-view"),
    ];
    administrator.post("/roles", &fields).await.leads_to("/roles");
    let role = site.count("SELECT MAX(id) FROM roles").await;
    let (account, _) = site.account("张助理").await;
    site.join(account, organisation, role).await;
    let member = site.signed_in(account, Some(organisation)).await;
    member.get("/members").await.is(403);
    let path = format!("/roles/{role}");
    let fields = [
        ("name", "助理"),
        ("permission", "studies-view"),
        ("permission", "members"),
    ];
    administrator.post(&path, &fields).await.leads_to("/roles");
    member.get("/members").await.is(200);
    assert!(member.get("/permissions").await.text.contains("成员管理"));
    administrator
        .post(&path, &[("name", "助理"), ("permission", "studies-view")])
        .await
        .leads_to("/roles");
    member.get("/members").await.is(403);
    // Held by a member it is not removed; the initial one never is.
    administrator.post(&format!("{path}/remove"), &[]).await.is(409);
    let initial = site.initial_role(organisation).await;
    administrator
        .post(&format!("/roles/{initial}/remove"), &[])
        .await
        .is(409);
    administrator
        .post(&format!("/roles/{initial}"), &[("name", "院长")])
        .await
        .leads_to("/roles");
    let count = site
        .count(&format!(
            "SELECT COUNT(*) FROM roles WHERE id = {initial} AND permissions LIKE '%members%'"
        ))
        .await;
    assert_eq!(count, 1);
    let changed = site.entries("role.changed").await;
    assert!(changed.iter().any(|entry| {
        entry
            .detail
            .as_ref()
            .is_some_and(|detail| detail.contains("members"))
    }));
}

#[tokio::test]
async fn nobody_gives_what_the_own_role_does_not_hold() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let clerk = site
        .member(organisation, &[Permission::Roles, Permission::Members])
        .await;
    for permission in ["studies-export", "organisation", "audit", "nonsense"] {
        let page = clerk
            .post("/roles", &[("name", "越权"), ("permission", permission)])
            .await;
        page.is(422);
    }
    clerk
        .post("/roles", &[("name", "同级"), ("permission", "members")])
        .await
        .leads_to("/roles");
    // Nor by making somebody an administrator.
    let initial = site.initial_role(organisation).await.to_string();
    let fields = [
        ("name", "新人"),
        ("mobile", "13700000000"),
        ("role", initial.as_str()),
    ];
    let page = clerk.post("/members", &fields).await;
    page.is(422);
    assert!(page.text.contains("不能授予"));
}

#[tokio::test]
async fn an_invitation_begins_a_membership_only_when_it_is_accepted() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let administrator = site.administrator(organisation).await;
    let role = site
        .role(organisation, &[Permission::StudiesView])
        .await
        .to_string();
    let (account, mobile) = site.account("王小明").await;
    let invited = site.signed_in(account, None).await;
    let fields = [("mobile", mobile.as_str()), ("role", role.as_str())];
    administrator
        .post("/members/invite", &fields)
        .await
        .leads_to("/members");
    assert!(administrator.get("/members").await.text.contains("已邀请"));
    assert!(
        invited
            .get("/notifications")
            .await
            .text
            .contains("第一医院 邀请您加入")
    );
    let page = invited.get("/workbench").await;
    let path = page
        .text
        .split("action=\"/invitations/")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let organisation_field = [("organisation", organisation.to_string())];
    let field: Vec<(&str, &str)> = organisation_field
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    invited.post("/switch", &field).await.is(403);
    invited
        .post(&format!("/invitations/{path}/decline"), &[])
        .await
        .leads_to("/workbench");
    invited
        .post(&format!("/invitations/{path}/accept"), &[])
        .await
        .is(410);
    assert!(!invited.get("/notifications").await.text.contains("邀请您加入"));
    administrator
        .post("/members/invite", &fields)
        .await
        .leads_to("/members");
    invited
        .post(&format!("/invitations/{path}/accept"), &[])
        .await
        .leads_to("/workbench");
    invited.post("/switch", &field).await.leads_to("/");
    assert!(invited.get("/organisation").await.text.contains("第一医院"));
    administrator.post("/members/invite", &fields).await.is(422);
    for (kind, count) in [
        ("member.invited", 2),
        ("invitation.declined", 1),
        ("invitation.accepted", 1),
    ] {
        assert_eq!(site.entries(kind).await.len(), count, "{kind}");
    }
}

#[tokio::test]
async fn a_member_is_made_with_a_first_password_and_an_account_that_is_there_is_invited() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let administrator = site.administrator(organisation).await;
    let role = site
        .role(organisation, &[Permission::StudiesView])
        .await
        .to_string();
    let fields = [
        ("name", "单于飞"),
        ("mobile", "13700000001"),
        ("title", "技师"),
        ("role", role.as_str()),
    ];
    let page = administrator.post("/members", &fields).await;
    page.is(200);
    let password = page
        .text
        .split("<code class=\"long\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    let browser = site.browser();
    browser.sign_in("13700000001", &password).await.leads_to("/");
    browser.get("/organisation").await.leads_to("/password");
    let page = administrator.post("/members", &fields).await;
    page.is(422);
    assert!(page.text.contains("请改用邀请") && page.text.contains("/members/invite?mobile=13700000001"));
    for words in ["单于", "shanyu", "syf", "SHANYUFEI"] {
        let page = administrator.get(&format!("/members?q={words}")).await;
        assert!(page.text.contains("单于飞"), "{words}");
    }
    assert!(
        !administrator
            .get("/members?q=nobody")
            .await
            .text
            .contains("单于飞")
    );
    // Basic data are the person's own: there is no way to change them here; role and film are the administrator's.
    let id = site.count("SELECT MAX(id) FROM memberships").await;
    let path = format!("/members/{id}");
    administrator
        .post(&path, &[("role", &role), ("name", "改名")])
        .await
        .leads_to(&path);
    assert!(administrator.get(&path).await.text.contains("单于飞"));
    let film = |site: &Site| {
        let platform = site.platform.clone();
        async move {
            let found = crate::organisations::membership::one(platform.readers(), id).await;
            found.unwrap().unwrap().has_film
        }
    };
    assert!(!film(&site).await);
    administrator
        .post(&path, &[("role", &role), ("film", "1")])
        .await
        .leads_to(&path);
    assert!(film(&site).await);
}

#[tokio::test]
async fn an_organisation_keeps_an_administrator() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let administrator = site.administrator(organisation).await;
    let own = site.count("SELECT MAX(id) FROM memberships").await;
    let role = site
        .role(organisation, &[Permission::StudiesView])
        .await
        .to_string();
    administrator
        .post(&format!("/members/{own}"), &[("role", &role)])
        .await
        .is(409);
    administrator
        .post(&format!("/members/{own}/end"), &[])
        .await
        .is(409);
    site.administrator(organisation).await;
    administrator
        .post(&format!("/members/{own}/end"), &[])
        .await
        .leads_to("/members");
    administrator.get("/members").await.leads_to("/workbench");
}

#[tokio::test]
async fn members_see_only_what_belongs_to_the_organisation_that_is_active() {
    let site = Site::new().await;
    let (first, second) = (
        site.organisation(Kind::Hospital, "第一医院").await,
        site.organisation(Kind::Team, "诊断中心").await,
    );
    let (account, mobile) = site.account("王小明").await;
    for organisation in [first, second] {
        let role = site.initial_role(organisation).await;
        site.join(account, organisation, role).await;
        let (other, _) = site
            .account(if organisation == first {
                "甲医生"
            } else {
                "乙医生"
            })
            .await;
        site.join(other, organisation, role).await;
    }
    let browser = site.signed_in(account, Some(first)).await;
    for (organisation, own, other) in [
        (first, "甲医生", "乙医生"),
        (second, "乙医生", "甲医生"),
        (first, "甲医生", "乙医生"),
    ] {
        browser
            .post("/switch", &[("organisation", &organisation.to_string())])
            .await
            .leads_to("/");
        let page = browser.get("/members").await;
        assert!(page.text.contains(own) && !page.text.contains(other));
    }
    // The log is the active organisation's too.
    assert_eq!(site.entries("organisation.switched").await.len(), 3);
    let page = browser.get("/log").await;
    assert_eq!(page.text.matches("切换机构").count(), 2);
    assert!(
        site.browser()
            .sign_in(&mobile, PASSWORD)
            .await
            .status
            .is_redirection()
    );
}

#[tokio::test]
async fn the_record_is_changed_by_administrators_and_seen_by_members() {
    let site = Site::new().await;
    let organisation = site.organisation(Kind::Hospital, "第一医院").await;
    let administrator = site.administrator(organisation).await;
    let member = site.member(organisation, &[]).await;
    let fields = [
        ("name", "第一人民医院"),
        ("grade", "三级甲等"),
        ("type", "综合医院"),
        ("province", "浙江省"),
        ("city", "杭州市"),
        ("street", "庆春路 1 号"),
        ("introduction", "建于 1947 年"),
        ("single_session", "1"),
        ("idle_minutes", "20"),
        ("password_days", "90"),
    ];
    administrator
        .post("/organisation/edit", &fields)
        .await
        .leads_to("/organisation");
    let page = member.get("/organisation").await;
    for words in [
        "第一人民医院",
        "三级甲等",
        "浙江省",
        "杭州市",
        "庆春路 1 号",
        "建于 1947 年",
        "20",
        "90",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("/organisation/edit"));
    member.post("/organisation/edit", &fields).await.is(403);
    for (field, value) in [
        ("name", ""),
        ("idle_minutes", "4"),
        ("idle_minutes", "x"),
        ("password_days", "10000"),
        ("grade", "<b>"),
    ] {
        let mut changed: Vec<(&str, &str)> = fields
            .iter()
            .copied()
            .filter(|(name, _)| *name != field)
            .collect();
        changed.push((field, value));
        let page = administrator.post("/organisation/edit", &changed).await;
        page.is(422);
        assert!(page.text.contains(&format!("id=\"{field}-error\"")), "{field}");
    }
}

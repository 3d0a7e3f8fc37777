//! The feed: who sees what of it, in which order, page by page.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Asker, Studio, picture};

/// Uploads and publishes a picture of this name; gives the clip's path.
async fn publish(asker: &Asker, name: &str) -> String {
    let (_, clip) = asker.upload(&format!("{name}.png"), picture()).await;
    let path = format!("/api/clips/{}", clip["id"].as_str().unwrap());
    asker.post(&format!("{path}/publish"), json!({})).await;
    path
}

fn titles(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|post| post["title"].as_str().unwrap()).collect()
}

/// The titles of all pages of two posts.
async fn leaf(asker: &Asker, sort: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = asker
            .get(&format!("/api/feed?sort={sort}&limit=2{cursor}"))
            .await;
        all.extend(titles(&page).into_iter().map(str::to_owned));
        assert!(page["items"].as_array().unwrap().len() <= 2);
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["total"], all.len());
            return all;
        };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_come_in_three_orders_a_page_at_a_time() {
    let studio = Studio::with(|config| (config.workers, config.users) = (0, true)).await;
    let admin = studio.admin().await;
    let ada = studio.user(&admin, "ada").await;
    let mut paths = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        paths.push(publish(&ada, name).await);
        // Posts of one millisecond have no order in time.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    for (asker, at) in [(&ada, 1), (&admin, 1), (&admin, 3)] {
        asker.post(&format!("{}/like", paths[at]), json!({})).await;
    }
    for at in [2, 0] {
        let post = admin
            .post(&format!("{}/feature", paths[at]), json!({}))
            .await;
        assert_eq!(post["featured"], true);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(leaf(&ada, "recent").await, ["e", "d", "c", "b", "a"]);
    let liked = leaf(&ada, "likes").await;
    assert_eq!(&liked[..2], ["b", "d"]);
    assert_eq!(liked.len(), 5);
    assert_eq!(leaf(&ada, "featured").await, ["a", "c"]);

    // A page goes on behind the last post of the one before, though others came or went.
    let page = ada.get("/api/feed?limit=2").await;
    publish(&ada, "f").await;
    ada.ask(Method::DELETE, &paths[3], None).await;
    let next = page["next_cursor"].as_str().unwrap();
    let page = ada.get(&format!("/api/feed?limit=2&cursor={next}")).await;
    assert_eq!(titles(&page), ["c", "b"]);
    for wrong in ["sort=best", "cursor=x", "limit=0"] {
        let (status, said) = ada
            .ask(Method::GET, &format!("/api/feed?{wrong}"), None)
            .await;
        assert_eq!(status, 400, "{wrong}: {said}");
    }
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_tells_its_author_and_whether_i_like_it() {
    let studio = Studio::with(|config| (config.workers, config.users) = (0, true)).await;
    let admin = studio.admin().await;
    let (ada, ben) = (
        studio.user(&admin, "ada").await,
        studio.user(&admin, "ben").await,
    );
    let path = publish(&ada, "a").await;
    let secret = json!({"favourite": true, "tags": ["mine"], "bookmarked": true});
    ada.ask(Method::PATCH, &path, Some(secret)).await;
    ada.post(&format!("{path}/share"), json!({})).await;
    let mut other = studio.database().await;
    let kept = sqlx::query(
        "UPDATE clips SET settings = '{\"prompt\": \"a frog\", \"folder_id\": \"mine\", \"board_id\": \"mine\"}'",
    );
    kept.execute(&mut other).await.unwrap();

    // Whoever likes it sees no more of it than whoever looks.
    let by_like = ben.post(&format!("{path}/like"), json!({})).await;
    let by_feed = ben.get("/api/feed").await["items"][0].clone();
    assert_eq!(by_like, by_feed);
    assert_eq!(
        (&by_feed["author"], &by_feed["liked"], &by_feed["likes"]),
        (&json!("ada"), &json!(true), &json!(1))
    );
    assert_eq!(
        (
            &by_feed["favourite"],
            &by_feed["bookmarked"],
            &by_feed["tags"]
        ),
        (&json!(false), &json!(false), &json!([]))
    );
    assert_eq!(by_feed["share_url"], Value::Null);
    assert_eq!(by_feed["settings"], json!({"prompt": "a frog"}));
    let of_ada = ada.get("/api/feed").await["items"][0].clone();
    assert_eq!(
        (&of_ada["liked"], &of_ada["likes"]),
        (&json!(false), &json!(1))
    );
    ben.ask(Method::DELETE, &format!("{path}/like"), None).await;
    let back = ben.get("/api/feed").await["items"][0].clone();
    assert_eq!((&back["liked"], &back["likes"]), (&json!(false), &json!(0)));
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_feature_and_only_what_is_published() {
    let studio = Studio::with(|config| (config.workers, config.users) = (0, true)).await;
    let admin = studio.admin().await;
    let ada = studio.user(&admin, "ada").await;
    let path = publish(&ada, "a").await;
    let feature = format!("{path}/feature");
    assert_eq!(ada.ask(Method::POST, &feature, None).await.0, 403);
    admin.post(&feature, json!({})).await;
    assert_eq!(ada.ask(Method::DELETE, &feature, None).await.0, 403);
    let featured = async || ada.get("/api/feed?sort=featured").await["total"].clone();
    assert_eq!(featured().await, 1);

    // What was taken off the feed comes back as any other post.
    let publish = format!("{path}/publish");
    ada.ask(Method::DELETE, &publish, None).await;
    for verb in ["feature", "like"] {
        let (status, _) = admin
            .ask(Method::POST, &format!("{path}/{verb}"), None)
            .await;
        assert_eq!(status, 404, "{verb} what is not published");
    }
    ada.post(&publish, json!({})).await;
    assert_eq!(featured().await, 0);
    admin.post(&feature, json!({})).await;
    let (_, post) = admin.ask(Method::DELETE, &feature, None).await;
    assert_eq!(
        (&post["featured"], featured().await),
        (&json!(false), json!(0))
    );
    studio.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_user_features_and_has_no_name() {
    let studio = Studio::idle().await;
    let path = publish(&studio, "a").await;
    studio.post(&format!("{path}/feature"), json!({})).await;
    let page = studio.get("/api/feed?sort=featured").await;
    let post = &page["items"][0];
    assert_eq!(
        (&post["featured"], &post["author"]),
        (&json!(true), &Value::Null)
    );
    studio.stop().await;
}

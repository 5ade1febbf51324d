//! The service that the tool is tested with: one method for each thing that a command has to handle.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use hallway::lifecycle::{Daemon, Env, Failure, Instance, ServiceFile};
use hallway::{Context, Progress, Subscription, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What makes this program a daemon instead of a test.
const ROLE_ARGS: [&str; 5] = ["kitchen::role", "--exact", "--nocapture", "--test-threads=1", "-q"];

/// What tells it so.
pub(crate) const ROLE: &str = "HALLWAY_TEST_ROLE";

/// Where the daemon writes down what it does.
pub(crate) const JOURNAL: &str = "HALLWAY_TEST_JOURNAL";

/// With it, the daemon cannot start.
const NO_GAS: &str = "HALLWAY_TEST_NO_GAS";

/// No daemon outlives the tests for long, even if they are killed.
const LIFE: Duration = Duration::from_secs(180);

/// A kitchen that takes orders.
///
/// What it has cooked, it tells whoever watches.
#[hallway::service(name = "kitchen", version = "1.2")]
pub(crate) trait Kitchen {
    /// What can be ordered.
    #[idempotent]
    async fn menu(&self) -> Vec<Dish>;

    /// Orders a dish, and returns the order.
    ///
    /// It is cooked at once.
    async fn order(
        &self,
        /// A name from the menu.
        dish: String,
        /// How many plates.
        #[default(1)]
        portions: u8,
        /// How hot.
        #[default]
        spice: Spice,
        /// What goes with it, in order.
        #[default]
        extras: Vec<String>,
        /// Where to bring it; without one, it is fetched.
        table: Option<Table>,
    ) -> Result<Order, KitchenError>;

    /// Bakes bread, and tells how far it is.
    #[bulk]
    async fn bake(&self, cx: &Context, loaves: u64) -> u64;

    /// The courses of a menu, as they are ready.
    fn courses(&self, count: u64) -> impl futures_util::Stream<Item = Result<Dish, KitchenError>>;

    /// Orders as they are served. Only the last two are kept for who comes late.
    fn served(&self, since: Option<u64>) -> Subscription<Order>;

    /// Simmers until it is taken off.
    async fn simmer(&self);

    /// Ends the daemon as a crash does.
    async fn burn(&self);
}

/// Something to eat.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Dish {
    /// What it is called.
    name: String,
    /// What it costs, in cents.
    price: u32,
    /// What is in it.
    contains: Vec<String>,
}

/// How hot a dish is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Spice {
    /// Not at all.
    #[default]
    Mild,
    /// A little.
    Medium,
    /// Very.
    Hot,
}

/// A place in the room.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Table {
    /// Its number.
    number: u8,
    /// Whether it is in the garden.
    #[serde(default)]
    outside: bool,
}

/// What was ordered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Order {
    number: u64,
    dish: String,
    portions: u8,
    spice: Spice,
    extras: Vec<String>,
    table: Option<Table>,
}

/// How the kitchen says no.
#[derive(Debug, Clone, PartialEq, hallway::Error)]
pub(crate) enum KitchenError {
    /// It is not on the menu.
    #[error("there is no {dish} today")]
    NoSuchDish {
        /// What was asked for.
        dish: String,
    },
    /// The stove is cold.
    #[error("the kitchen is closed; come back tomorrow", retryable)]
    Closed,
}

struct Cook {
    served: Topic<Order>,
}

fn dishes() -> Vec<Dish> {
    let dish = |name: &str, price, contains: &[&str]| Dish {
        name: name.to_owned(),
        price,
        contains: contains.iter().map(|&it| it.to_owned()).collect(),
    };
    vec![
        dish("soup", 650, &["leek", "potato"]),
        dish("dumplings", 1120, &["flour", "egg"]),
        dish("plum cake", 480, &["flour", "plums", "butter"]),
    ]
}

impl Kitchen for Cook {
    async fn menu(&self) -> Vec<Dish> {
        dishes()
    }

    async fn order(
        &self,
        dish: String,
        portions: u8,
        spice: Spice,
        extras: Vec<String>,
        table: Option<Table>,
    ) -> Result<Order, KitchenError> {
        if portions == 0 {
            return Err(KitchenError::Closed);
        }
        if dishes().iter().all(|known| known.name != dish) {
            return Err(KitchenError::NoSuchDish { dish });
        }
        let mut order = Order { number: 0, dish, portions, spice, extras, table };
        order.number = self.served.publish(order.clone());
        Ok(order)
    }

    async fn bake(&self, cx: &Context, loaves: u64) -> u64 {
        for done in 0..=loaves {
            cx.progress(Progress::new(done, Some(loaves), "loaves"));
        }
        loaves
    }

    fn courses(&self, count: u64) -> impl futures_util::Stream<Item = Result<Dish, KitchenError>> {
        let mut menu = dishes().into_iter();
        let course = move |_| menu.next().ok_or(KitchenError::Closed);
        futures_util::stream::iter((0..count).map(course).collect::<Vec<_>>())
    }

    fn served(&self, since: Option<u64>) -> Subscription<Order> {
        self.served.subscribe(since)
    }

    async fn simmer(&self) {
        /// Says so when the handler is dropped.
        struct TakenOff;
        impl Drop for TakenOff {
            fn drop(&mut self) {
                note("taken off");
            }
        }
        let _taken_off = TakenOff;
        note("simmering");
        std::future::pending::<()>().await;
    }

    async fn burn(&self) {
        std::process::abort()
    }
}

/// Writes down what happens.
fn note(line: &str) {
    let mut journal =
        OpenOptions::new().append(true).create(true).open(std::env::var_os(JOURNAL).unwrap()).unwrap();
    writeln!(journal, "{line}").unwrap();
}

/// Plays the daemon if the environment says so; else passes.
#[test]
fn role() {
    let Ok(name) = std::env::var(ROLE) else { return };
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::abort()
    });
    let daemon = Daemon::new(name.parse().unwrap(), "kitchen", "1.2.3").args(ROLE_ARGS);
    let ended = daemon.run(|_, server| {
        if std::env::var_os(NO_GAS).is_some() {
            return Err(Failure::new("no_gas", "the gas is off; turn it on at the main"));
        }
        let served = Topic::with_capacity(2);
        Ok(server.service(KitchenService::new(Cook { served })))
    });
    assert_eq!(ended == ExitCode::SUCCESS, std::env::var_os(NO_GAS).is_none());
}

/// Lets clients start the daemon by its name.
pub(crate) fn install(env: &Env, instance: &Instance) {
    let mut file = ServiceFile::this_program(instance.clone()).unwrap();
    file.args = ROLE_ARGS.map(str::to_owned).to_vec();
    "1.2.3".clone_into(&mut file.version);
    "A kitchen that takes orders.".clone_into(&mut file.description);
    assert!(file.write(env).unwrap());
}

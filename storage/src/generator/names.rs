//! People and their names.

use bytes::Bytes;
use protocol::UserId;

use super::random::Random;
use crate::{Origin, User, UserRole};

const FIRST_RUSSIAN: [&str; 32] = [
    "Александр",
    "Сергей",
    "Елена",
    "Анна",
    "Дмитрий",
    "Ольга",
    "Андрей",
    "Наталья",
    "Алексей",
    "Мария",
    "Иван",
    "Татьяна",
    "Максим",
    "Екатерина",
    "Михаил",
    "Ирина",
    "Николай",
    "Светлана",
    "Владимир",
    "Юлия",
    "Артём",
    "Дарья",
    "Павел",
    "Ксения",
    "Роман",
    "Полина",
    "Фёдор",
    "Алёна",
    "Кирилл",
    "Вера",
    "Глеб",
    "Зоя",
];
const LAST_RUSSIAN: [&str; 32] = [
    "Иванов",
    "Смирнов",
    "Кузнецов",
    "Попов",
    "Васильев",
    "Петров",
    "Соколов",
    "Михайлов",
    "Новиков",
    "Фёдоров",
    "Морозов",
    "Волков",
    "Алексеев",
    "Лебедев",
    "Семёнов",
    "Егоров",
    "Павлов",
    "Козлов",
    "Степанов",
    "Николаев",
    "Орлов",
    "Андреев",
    "Макаров",
    "Никитин",
    "Захаров",
    "Зайцев",
    "Соловьёв",
    "Борисов",
    "Яковлев",
    "Григорьев",
    "Романов",
    "Воробьёв",
];
const FIRST_ENGLISH: [&str; 20] = [
    "James", "Mary", "John", "Linda", "Robert", "Susan", "David", "Karen", "Thomas", "Nancy", "Daniel", "Laura",
    "Peter", "Emma", "Paul", "Alice", "George", "Helen", "Kevin", "Diana",
];
const LAST_ENGLISH: [&str; 20] = [
    "Smith", "Johnson", "Brown", "Taylor", "Miller", "Wilson", "Moore", "Anderson", "Clark", "Lewis", "Walker", "Hall",
    "Young", "King", "Wright", "Scott", "Green", "Baker", "Adams", "Nelson",
];
const LETTERS: &str = "abvgdezijklmnoprstufhcy";

/// Makes people, numbered from 0.
#[derive(Debug, Clone)]
pub struct People {
    random: Random,
    next: u64,
}

impl People {
    /// People of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            next: 0,
        }
    }

    /// The next person, registered at `now_ms`.
    pub fn person(&mut self, now_ms: i64) -> User {
        let number = self.next;
        self.next += 1;
        let (first, last) = if self.random.happens(0.75) {
            (self.random.pick(&FIRST_RUSSIAN), self.last(&LAST_RUSSIAN))
        } else {
            (self.random.pick(&FIRST_ENGLISH), self.last(&LAST_ENGLISH))
        };
        let info = serde_json::json!({ "first_name": first, "last_name": last });
        User {
            id: user_id(number),
            username: format!("{}{number}", self.login()),
            password_hash: None,
            origin: Origin::Own,
            role: UserRole::User,
            info: Bytes::from(info.to_string()),
            status: String::new(),
            created_ms: now_ms,
        }
    }

    /// A frequent last name, or one of very many: its root with another beginning.
    fn last(&mut self, frequent: &[&str]) -> String {
        let last = self.random.pick(frequent);
        if self.random.happens(0.3) {
            return last.to_owned();
        }
        let other = self.random.pick(frequent);
        let beginning: String = other.chars().take(2 + self.random.below(3) as usize).collect();
        format!("{beginning}{}", last.to_lowercase())
    }

    fn login(&mut self) -> String {
        let letters: Vec<char> = LETTERS.chars().collect();
        (0..3 + self.random.below(6))
            .map(|_| letters[self.random.below(letters.len() as u64) as usize])
            .collect()
    }
}

/// The id of a person.
pub(super) fn user_id(number: u64) -> UserId {
    format!("person-{number}")
        .parse()
        .unwrap_or_else(|_| UserId::anonymous())
}

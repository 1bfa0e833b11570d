//! The vocabulary: everyday words by their rank, then a long tail made of syllables.

use super::random::{Random, mixed};

/// Different words of one language.
pub const VOCABULARY_WORDS: u64 = 200_000;

/// A language of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Russian.
    Russian,
    /// English.
    English,
}

const RUSSIAN: &str = "и в не на что я с по это как мы у за но то а к для от все да он так же есть уже до или бы из вы о если когда \
    надо нужно можно будет сегодня завтра вчера сейчас спасибо пожалуйста привет добрый день коллеги хорошо понял ок да нет ещё очень тоже \
    только вот там тут здесь где кто какой этот который мне нам вам его её их наш ваш отчёт проект задача встреча клиент договор счёт оплата \
    срок документ письмо вопрос ответ решение проблема ошибка сервер база данные релиз версия тест проверка правка файл таблица ссылка \
    презентация команда отдел директор менеджер бухгалтерия склад заказ поставка доставка офис переговорная звонок созвон время час минута \
    неделя месяц год понедельник вторник среда четверг пятница утро вечер обед отпуск больничный зарплата бюджет план график статус согласование \
    подпись печать акт накладная смета тендер закупка поставщик партнёр система пользователь пароль доступ заявка поддержка обновление \
    посмотреть сделать проверить отправить прислать подписать согласовать перенести обсудить позвонить написать ответить закрыть открыть \
    готово срочно важно новый старый последний первый следующий общий внутренний большой маленький правильный";

const ENGLISH: &str = "the to and a of in is for on it you that we i with be this are not have at can will as if from but please so do \
    or our your me they was has been there when what just all any by out up get see know need time now today tomorrow yesterday thanks hello hi \
    ok yes no sure team meeting report project task client customer contract invoice payment deadline document email question answer issue bug \
    server database data release version test review fix file table link slides call office room week month year monday tuesday wednesday \
    thursday friday morning evening lunch vacation budget plan schedule status approval order delivery supplier partner system user password \
    access request support update deploy build branch merge commit pipeline feature backlog sprint demo stage production staging rollback \
    check send sign share move discuss write reply close open start finish done ready urgent important new old last first next internal big \
    small right wrong better main draft final";

const RUSSIAN_SYLLABLES: [&str; 40] = [
    "ба", "бор", "ва", "вер", "гор", "да", "дел", "до", "за", "зор", "ка", "кол", "кор", "ла", "лес", "лом", "ма",
    "мер", "мор", "на", "нес", "нос", "па", "пер", "пол", "ра", "рек", "род", "са", "сер", "соб", "та", "тер", "тон",
    "фа", "хол", "цен", "чес", "шар", "щит",
];
const RUSSIAN_ENDINGS: [&str; 12] = ["", "а", "ы", "у", "ом", "е", "ов", "ам", "ами", "ах", "ный", "ного"];
const ENGLISH_SYLLABLES: [&str; 40] = [
    "ba", "bor", "cal", "con", "dar", "den", "el", "fan", "fer", "gar", "gen", "hal", "hor", "in", "jun", "kel", "lan",
    "lor", "mar", "men", "nor", "os", "pan", "per", "quin", "ran", "ros", "sal", "sen", "sol", "tan", "ter", "tor",
    "ul", "van", "ver", "wil", "xen", "yor", "zan",
];
const ENGLISH_ENDINGS: [&str; 8] = ["", "s", "ed", "ing", "er", "ers", "ly", "ment"];

/// The word of a rank, from 1 to [`VOCABULARY_WORDS`]; words of the tail in one of their forms.
pub fn word(language: Language, rank: u64, random: &mut Random) -> String {
    let (common, syllables, endings): (&str, &[&str], &[&str]) = match language {
        Language::Russian => (RUSSIAN, &RUSSIAN_SYLLABLES, &RUSSIAN_ENDINGS),
        Language::English => (ENGLISH, &ENGLISH_SYLLABLES, &ENGLISH_ENDINGS),
    };
    if let Some(listed) = common_words(language, common).get(rank as usize - 1) {
        return (*listed).to_owned();
    }
    let mut code = mixed(rank);
    let mut word = String::new();
    for _ in 0..2 + rank % 3 {
        word.push_str(syllables[(code % syllables.len() as u64) as usize]);
        code = mixed(code);
    }
    word.push_str(random.pick(endings));
    word
}

fn common_words(language: Language, text: &'static str) -> &'static [&'static str] {
    use std::sync::OnceLock;
    static WORDS: [OnceLock<Vec<&'static str>>; 2] = [OnceLock::new(), OnceLock::new()];
    WORDS[language as usize].get_or_init(|| text.split_whitespace().collect())
}

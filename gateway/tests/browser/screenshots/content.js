/** What people say on the pictures: a conference's room, the lists around it, in both languages. Times are on the day of the pictures. */

/** The moment of the pictures, in UTC. */
export const NOW = new Date('2026-03-12T13:24:00Z');
export const TIME_ZONE = 'UTC';

export const ENGLISH = {
  language: 'en',
  self: 'nora',
  people: { nora: 'Nora Lindqvist', tom: 'Tom Becker', ines: 'Inês Carvalho', amir: 'Amir Haddad', yuki: 'Yuki Tanaka' },
  title: 'Spring conference',
  chats: [
    { title: 'Catering', by: 'ines', last: 'The vegetarian lunch is at stand 4.', at: '11:52' },
    { title: 'Stage crew', by: 'amir', last: 'Microphone 2 has a new battery.', at: '12:40', unread: 2 },
    { title: 'Speakers', by: 'yuki', last: 'Slides are uploaded, thank you!', at: '13:02' },
  ],
  direct: { by: 'tom', last: 'Coffee after the keynote?', at: '13:11', unread: 1 },
  talk: [
    { by: 'tom', at: '09:58', text: 'Good morning! Doors are open, the cloakroom is on the left.' },
    { by: 'ines', at: '10:04', text: 'How full is the main hall?' },
    { by: 'nora', at: '10:05', text: 'About 1,800 people, and 40,000 follow from home 🎉', to: 1 },
    { by: 'amir', at: '13:09', text: 'The afternoon begins ten minutes later: 13:40 instead of 13:30.' },
    { by: 'yuki', at: '13:12', text: 'Does that move the workshop on recovery too?' },
    { by: 'amir', at: '13:13', text: 'No, workshops stay as printed. Room 5 is full, there is a screen in the foyer.', to: 4 },
    { by: 'nora', at: '13:16', text: 'I have put that on the boards at the entrance.' },
    { by: 'tom', at: '13:17', text: 'Questions for the panel can be written here, I read them out.' },
    { by: 'ines', at: '13:19', text: 'Then the first one: what happens to messages while my train is in a tunnel?' },
    { by: 'nora', at: '13:20', text: 'They wait on your phone and go out once when the line is back. Nothing gets lost and nothing comes twice.', to: 8 },
    { by: 'yuki', at: '13:21', text: 'I just tried it in the elevator. It works 👍' },
  ],
  waiting: ['I am in the car park, two more boxes to carry.', 'Will be on stage in five minutes.'],
};

export const RUSSIAN = {
  language: 'ru',
  self: 'vera',
  people: { vera: 'Вера Соколова', oleg: 'Олег Миронов', dina: 'Дина Ахметова', pavel: 'Павел Орлов' },
  title: 'Весенняя конференция',
  chats: [
    { title: 'Кейтеринг', by: 'dina', last: 'Постный обед — у стойки 4.', at: '11:52' },
    { title: 'Техника сцены', by: 'pavel', last: 'Во втором микрофоне новая батарейка.', at: '12:40', unread: 2 },
  ],
  direct: { by: 'oleg', last: 'Кофе после доклада?', at: '13:11', unread: 1 },
  talk: [
    { by: 'oleg', at: '09:58', text: 'Доброе утро! Двери открыты, гардероб слева.' },
    { by: 'dina', at: '10:04', text: 'Много людей в большом зале?' },
    { by: 'vera', at: '10:05', text: 'Около 1800, и ещё 40 000 смотрят из дома 🎉', to: 1 },
    { by: 'pavel', at: '13:09', text: 'Вторая половина дня начнётся на десять минут позже: в 13:40.' },
    { by: 'dina', at: '13:12', text: 'Мастер-класс по восстановлению тоже сдвигается?' },
    { by: 'pavel', at: '13:13', text: 'Нет, мастер-классы по расписанию.', to: 4 },
    { by: 'vera', at: '13:16', text: 'Написала об этом на табло у входа.' },
    { by: 'oleg', at: '13:19', text: 'Первый вопрос: что с сообщениями, пока поезд в тоннеле?' },
    { by: 'vera', at: '13:20', text: 'Они ждут в телефоне и уходят один раз, когда связь вернётся. Ничего не теряется и не приходит дважды.', to: 7 },
  ],
  waiting: [],
};

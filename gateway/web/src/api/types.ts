// The objects of the server, as /openapi.json describes them; fields that the page does not use are left out.

/** A login: what `/login`, `/register`, `/refresh` and `/join` answer. */
export interface Login {
  access_token: string;
  /** Seconds. */
  expires_in: number;
  refresh_token: string;
  user_id: string;
  username: string;
}

/** A login as a guest, with the room that the link led to. */
export interface GuestLogin extends Login {
  chat_id: string;
  name: string;
}

/** How far a message has come. */
export type Status = 'sent' | 'received' | 'read';

/** A message. Ids of one room sort in its order. */
export interface Message {
  message_id: string;
  chat_id: string;
  /** Empty: the system. */
  sender: string;
  reply_to: string | null;
  content: string;
  status: Status;
  created: string;
  updated: string;
  offset: number;
  client_msg_id?: string;
  deleted?: boolean;
}

export type Role = 'member' | 'moderator' | 'owner' | '';

/** A chat, as its viewer sees it. */
export interface Chat {
  chat_id: string;
  name: string;
  kind: 'direct' | 'group' | 'channel';
  participants: string[];
  participants_count: number;
  last_message: string | null;
  last: Message | null;
  last_activity_timestamp: string;
  deleted: boolean;
  unread: number;
  read_offset: number;
  offset: number;
  /** The identity of the log; another one after it was restored. */
  epoch: string;
  role: Role;
}

/** A public profile. */
export interface User {
  user_id: string;
  username: string;
  info: { name?: unknown };
  status: string;
}

/** The way into a room for whoever has it. */
export interface Invitation {
  chat_id: string;
  code: string;
  path: string;
  created: string;
}

/** What somebody who is not in the room yet is told of it. */
export interface Greeting {
  chat_id: string;
  name: string;
  participants_count: number;
}

/** What a node started with `--demo` tells everybody. */
export interface Demo {
  username: string;
  password: string;
  chat_id: string;
}

/** A part of a list. */
export interface Page<T> {
  items: T[];
  /** Whether the list goes on in the direction of the page. */
  hasMore: boolean;
  /** The `cursor` of the next part. */
  next: string | null;
}

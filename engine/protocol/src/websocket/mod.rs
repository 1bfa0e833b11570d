//! WebSocket (RFC 6455) framing with permessage-deflate (RFC 7692).

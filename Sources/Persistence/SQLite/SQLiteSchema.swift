internal import GRDB

/// The tables, as a list of migrations that only grows.
enum SQLiteSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1-sessions") { database in
      try database.execute(
        sql: """
          CREATE TABLE whatsapp_sessions (
            id TEXT PRIMARY KEY NOT NULL,
            session_name TEXT NOT NULL UNIQUE,
            phone_number TEXT,
            user_id TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL CHECK (status IN ('CONNECTED', 'DISCONNECTED')),
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
          );
          CREATE TABLE whatsapp_groups (
            id TEXT PRIMARY KEY NOT NULL,
            group_name TEXT NOT NULL,
            group_id TEXT NOT NULL,
            session_id TEXT NOT NULL REFERENCES whatsapp_sessions (id) ON DELETE CASCADE,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            UNIQUE (group_id, session_id)
          );
          CREATE INDEX whatsapp_groups_session_id ON whatsapp_groups (session_id);
          CREATE TABLE message_campaigns (
            id TEXT PRIMARY KEY NOT NULL,
            session_id TEXT NOT NULL REFERENCES whatsapp_sessions (id) ON DELETE CASCADE,
            group_id TEXT NOT NULL REFERENCES whatsapp_groups (id) ON DELETE CASCADE,
            title TEXT,
            status TEXT NOT NULL,
            start_date TEXT NOT NULL,
            end_date TEXT,
            is_deleted INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
          );
          CREATE INDEX message_campaigns_group_id ON message_campaigns (group_id);
          CREATE INDEX message_campaigns_session_id ON message_campaigns (session_id);
          """)
    }
    migrator.registerMigration("2-tokens") { database in
      try database.execute(
        sql: """
          CREATE TABLE api_tokens (
            id TEXT PRIMARY KEY NOT NULL,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            user_id TEXT NOT NULL,
            role TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT
          );
          """)
    }
    migrator.registerMigration("3-removals") { database in
      try database.execute(
        sql: """
          ALTER TABLE whatsapp_sessions
            ADD COLUMN removal TEXT CHECK (removal IN ('BEGUN', 'UNLINKED'));
          """)
    }
    migrator.registerMigration("4-token-operations") { database in
      try database.execute(
        sql: """
          ALTER TABLE api_tokens ADD COLUMN scopes TEXT;
          ALTER TABLE api_tokens ADD COLUMN last_used_at TEXT;
          """)
    }
    migrator.registerMigration("5-waha-hosts") { database in
      try database.execute(
        sql: """
          ALTER TABLE whatsapp_sessions ADD COLUMN waha_host TEXT NOT NULL DEFAULT 'default';
          CREATE INDEX whatsapp_sessions_placed ON whatsapp_sessions (waha_host)
            WHERE status = 'CONNECTED';
          """)
    }
    return migrator
  }
}

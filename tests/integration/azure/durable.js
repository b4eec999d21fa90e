// Loaded before Azurite (`node --require`) where a test kills it. By itself Azurite saves what it knows of blobs every five seconds, so that a SIGKILL takes back puts that it had answered: a store that forgets,
// which Azure is not. Here everything is saved before any answer is sent, extents before the blobs that lie in them.
const fs = require('fs');
const http = require('http');
const Loki = require('module').createRequire(process.argv[1])('lokijs');

const databases = [];
Loki.prototype.autosaveEnable = function () {
  if (!databases.includes(this)) {
    databases.push(this);
    databases.sort((a, b) => b.filename.includes('extent') - a.filename.includes('extent'));
  }
};

// In one turn of the loop: no request comes between the two files.
function save() {
  for (const database of databases) {
    if (database.autosaveDirty()) {
      database.autosaveClearFlags();
      fs.writeFileSync(database.filename + '~', database.serialize());
      fs.renameSync(database.filename + '~', database.filename);
    }
  }
}

for (const name of ['write', 'end']) {
  const original = http.ServerResponse.prototype[name];
  http.ServerResponse.prototype[name] = function (...rest) {
    save();
    return original.apply(this, rest);
  };
}

complete --command hallway --no-files --keep-order --arguments '(hallway completions fish -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token --cut-at-cursor))'

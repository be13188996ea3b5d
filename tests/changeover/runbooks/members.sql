UPDATE members SET city = trim(city) WHERE city IS NOT NULL;
